#!/bin/bash
# One monitor, one OSD in memory and the gateway, without a manager. Everything is new at each start. The container
# ends when the first of them ends.
set -euo pipefail

keys=/etc/ceph
data=/var/lib/ceph

# The right of each to speak with the others.
ceph-authtool --create-keyring $keys/mon.keyring --gen-key -n mon. --cap mon 'allow *'
ceph-authtool --create-keyring $keys/ceph.client.admin.keyring --gen-key -n client.admin \
  --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
ceph-authtool --create-keyring $keys/osd.keyring --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
ceph-authtool --create-keyring $keys/rgw.keyring --gen-key -n client.rgw \
  --cap mon 'allow rwx' --cap osd 'allow rwx'
for keyring in ceph.client.admin osd rgw; do
  ceph-authtool $keys/mon.keyring --import-keyring $keys/$keyring.keyring
done

monmaptool --create --fsid "$(ceph-conf --lookup fsid)" --addv a '[v2:127.0.0.1:3300,v1:127.0.0.1:6789]' /tmp/monmap
mkdir -p $data/mon/ceph-a $data/osd/ceph-0 $data/radosgw/ceph-rgw
ceph-mon --mkfs -i a --monmap /tmp/monmap --keyring $keys/mon.keyring
ceph-mon -f -i a &

ceph osd new 10b5a1d8-52a6-4d0c-bd21-9f6a5a4b7b70 >/dev/null
cp $keys/osd.keyring $data/osd/ceph-0/keyring
ceph-osd -i 0 --mkfs --osd-uuid 10b5a1d8-52a6-4d0c-bd21-9f6a5a4b7b70
ceph-osd -f -i 0 &

cp $keys/rgw.keyring $data/radosgw/ceph-rgw/keyring
radosgw -f -n client.rgw &
wait -n
