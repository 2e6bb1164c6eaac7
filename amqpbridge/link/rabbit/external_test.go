package rabbit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

// authority issues certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		Subject: pkix.Name{CommonName: "test authority"}, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.issue("ca", template, template, nil)
	return a
}

func (a *authority) issue(name string, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for suffix, b := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(name, suffix), pem.EncodeToMemory(b), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return cert, key
}

func (a *authority) file(name, suffix string) string {
	return filepath.Join(a.dir, name+"."+suffix+".pem")
}

func (a *authority) leaf(name string, serial int64) {
	a.t.Helper()
	a.issue(name, &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), Subject: pkix.Name{CommonName: name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a.cert, a.key)
}

// The tests of this function need a broker with TLS and client certificates, and without quorum
// queues.
func TestBrokerSetUpOtherwise(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.leaf("server", 2)
	a.leaf("guest", 3)
	a.leaf("nobody", 4)
	port, err := node.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	n, err := node.Start(t.Context(), node.Options{
		Plugins: []string{"rabbitmq_auth_mechanism_ssl"}, Env: []string{"RABBITMQ_FEATURE_FLAGS="},
		Config: fmt.Sprintf("listeners.ssl.1 = %s\nssl_options.cacertfile = %s\nssl_options.certfile = %s\nssl_options.keyfile = %s\n"+
			"ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\nauth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL\nssl_cert_login_from = common_name\n",
			address, a.file("ca", "cert"), a.file("server", "cert"), a.file("server", "key")),
	})
	if err != nil {
		brokertest.Missing(t, err.Error())
	}
	defer func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	}()
	t.Run("certificates say who one is", func(t *testing.T) { external(t, a, address) })
	t.Run("classic where quorum is not to be had", func(t *testing.T) { quorumless(t, n) })
}

// With SASL EXTERNAL the broker takes the user from the client certificate. A certificate without
// a known user is refused.
func external(t *testing.T, a *authority, address string) {
	t.Helper()
	dial := func(who string) error {
		pair, err := tls.LoadX509KeyPair(a.file(who, "cert"), a.file(who, "key"))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(a.cert)
		s, err := rabbit.New(rabbit.Config{
			URLs: []string{"amqps://" + address + "/"}, External: true, DialTimeout: timeLimit,
			TLS: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		}).Dial(t.Context(), "test")
		if err != nil {
			return err
		}
		return s.Close(t.Context())
	}
	if err := dial("guest"); err != nil {
		t.Errorf("guest: %v", err)
	}
	if err := dial("nobody"); !errors.Is(err, link.ErrCredentials) {
		t.Errorf("nobody: %v", err)
	}
}

// User and Password apply to URLs without a user, and only to those.
func TestCredentialsApart(t *testing.T) {
	t.Parallel()
	url := brokertest.URL(t)
	var host string
	if _, err := fmt.Sscanf(url, "amqp://guest:guest@%s", &host); err != nil {
		t.Fatalf("%v: %s", err, url)
	}
	dial := func(c rabbit.Config) error {
		c.DialTimeout = timeLimit
		s, err := rabbit.New(c).Dial(t.Context(), "test")
		if err != nil {
			return err
		}
		return s.Close(t.Context())
	}
	for name, tc := range map[string]struct {
		cfg  rabbit.Config
		want error
	}{
		"right":                {rabbit.Config{URLs: []string{"amqp://" + host}, User: "guest", Password: "guest"}, nil},
		"wrong":                {rabbit.Config{URLs: []string{"amqp://" + host}, User: "guest", Password: "hush"}, link.ErrCredentials},
		"the address has some": {rabbit.Config{URLs: []string{url}, User: "x", Password: "hush"}, nil},
	} {
		if err := dial(tc.cfg); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
