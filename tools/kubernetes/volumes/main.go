// Makes volumes of a node's own folders, as `volumes KUBECONFIG FOLDER`: one folder for each claim of the class
// `directories`, open to the ordinary users that pods run as, and gone with its volume. It runs on the node itself;
// provisioners in the cluster start a pod for each folder that they make, and one more for each that they remove.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

const name = "restorable.test/directories"

type directories struct{ folder string }

func (d directories) Provision(_ context.Context, asked controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	path := filepath.Join(d.folder, asked.PVName)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// Whatever the umask says.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	existing := v1.HostPathDirectory
	volume := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: asked.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *asked.StorageClass.ReclaimPolicy,
			AccessModes:                   asked.PVC.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: asked.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{HostPath: &v1.HostPathVolumeSource{Path: path, Type: &existing}},
		},
	}
	return volume, controller.ProvisioningFinished, nil
}

func (d directories) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	return os.RemoveAll(filepath.Join(d.folder, volume.Name))
}

func run(kubeconfig, folder string) error {
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// Its own limit, five requests a second, is less than what tests side by side ask for.
	access.QPS, access.Burst = 100, 200
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	controller.NewProvisionController(klog.Background(), client, name, directories{folder}, controller.LeaderElection(false)).
		Run(context.Background())
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: volumes KUBECONFIG FOLDER")
		os.Exit(1)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
