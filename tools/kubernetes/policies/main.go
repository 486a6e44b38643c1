// Enforces the NetworkPolicies of one namespace on the node that it runs on, as `policies KUBECONFIG NAMESPACE`:
// kube-router's controller and nothing else of it. Only one namespace, because every pod that comes or goes rewrites the
// rules of all. Says `ready` once what is there is enforced, and ends with its stdin. Its rules stay, below the chains
// KUBE-ROUTER-*.
package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: policies KUBECONFIG NAMESPACE"))
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func run(kubeconfig, namespace string) error {
	access, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	// The node is the one of this machine's name. The range of services stays kube-router's own: kube-proxy has replaced
	// such addresses before these rules see them.
	config := options.NewKubeRouterConfig()
	config.EnableIPv4 = true

	here := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	pods, policies := here.Core().V1().Pods().Informer(), here.Networking().V1().NetworkPolicies().Informer()
	everywhere := informers.NewSharedInformerFactory(client, 0)
	namespaces := everywhere.Core().V1().Namespaces().Informer()

	tables, sets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{}, tables, sets)
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:       controller.PodEventHandler,
		policies:   controller.NetworkPolicyEventHandler,
		namespaces: controller.NamespaceEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	stop := make(chan struct{})
	here.Start(stop)
	everywhere.Start(stop)
	if !cache.WaitForCacheSync(stop, pods.HasSynced, policies.HasSynced, namespaces.HasSynced) {
		return fmt.Errorf("the cluster does not answer")
	}
	beats := make(chan *healthcheck.ControllerHeartbeat)
	var running sync.WaitGroup
	running.Add(1)
	go controller.Run(beats, stop, &running)
	// A round begins with a heartbeat, so a second one says that the first is done.
	<-beats
	controller.RequestFullSync()
	<-beats
	fmt.Println("ready")
	go func() {
		for range beats {
		}
	}()

	_, err = io.Copy(io.Discard, os.Stdin)
	close(stop)
	running.Wait()
	return err
}
