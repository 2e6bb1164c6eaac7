package rabbit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
)

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"broker.test"},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	_, address := brokertest.NewProxy(t, brokertest.URL(t), func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	})
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	own := &tls.Config{RootCAs: roots, ServerName: "broker.test"}
	for range 2 {
		s, err := rabbit.New(rabbit.Config{URLs: []string{address}, DialTimeout: timeLimit, TLS: own}).Dial(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(t.Context(), link.Topology{Queues: []link.Queue{{Name: "q", Kind: link.ServerNamed}}}); err != nil {
			t.Error(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for name, config := range map[string]*tls.Config{
		"the system's roots": nil,
		"another name":       {RootCAs: roots, ServerName: "other.test"},
		"the host's name":    {RootCAs: roots},
	} {
		if _, err := rabbit.New(rabbit.Config{URLs: []string{address}, DialTimeout: timeLimit, TLS: config}).Dial(t.Context(), "test"); !errors.Is(err, link.ErrUnreachable) {
			t.Errorf("with %s: %v, want %v", name, err, link.ErrUnreachable)
		}
		if config != nil && name == "the host's name" && config.ServerName != "" {
			t.Error("the caller's configuration was changed")
		}
	}
}
