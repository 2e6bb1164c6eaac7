package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/link/rabbit"
)

// brokerFlags say how to reach the broker.
type brokerFlags struct {
	AMQP            []string `required:"" group:"Broker" name:"amqp" help:"Broker, amqp://user:password@host:port/vhost, or amqps; several are tried in turn." placeholder:"URL" example:"amqp://broker-1.example.net:5672,amqp://broker-2.example.net:5672"`
	AMQPCredentials string   `group:"Broker" name:"amqp-credentials" help:"File with user:password, mode 0600, for URLs that name no user." placeholder:"FILE"`
	AMQPAuth        string   `group:"Broker" name:"amqp-auth" help:"Authentication: plain, or external by the client certificate, without a password." enum:"plain,external" default:"plain"`
	AMQPCA          string   `group:"Broker" name:"amqp-ca" help:"CA certificates for the broker's certificate; by default those of the system." placeholder:"FILE"`
	AMQPCert        string   `group:"Broker" name:"amqp-cert" help:"Client certificate." placeholder:"FILE"`
	AMQPKey         string   `group:"Broker" name:"amqp-key" help:"Key of the client certificate." placeholder:"FILE"`
	AMQPServerName  string   `group:"Broker" name:"amqp-server-name" help:"Name in the broker's certificate, if it differs from the host's." placeholder:"NAME"`
}

// link returns the configuration of the broker connection, or an error that names the invalid
// flags without a password.
func (f *brokerFlags) link(log zerolog.Logger) (rabbit.Config, error) {
	cfg := rabbit.Config{URLs: f.AMQP, External: f.AMQPAuth == "external", Log: log}
	err := errors.Join(cfg.Validate(), f.readCredentials(&cfg), f.readTLS(&cfg))
	if err == nil && cfg.External && f.AMQPCert == "" {
		err = errors.New("--amqp-auth external needs --amqp-cert and --amqp-key")
	}
	if err != nil {
		return rabbit.Config{}, usage{err}
	}
	return cfg, nil
}

func (f *brokerFlags) readCredentials(cfg *rabbit.Config) error {
	if f.AMQPCredentials == "" {
		return nil
	}
	info, err := os.Stat(f.AMQPCredentials)
	if err != nil {
		return fmt.Errorf("--amqp-credentials: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("--amqp-credentials: %s: other users can read it; run: chmod 600", f.AMQPCredentials)
	}
	text, err := os.ReadFile(f.AMQPCredentials)
	if err != nil {
		return fmt.Errorf("--amqp-credentials: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok || user == "" || strings.Contains(password, "\n") {
		return fmt.Errorf("--amqp-credentials: %s: is not one line with user:password", f.AMQPCredentials)
	}
	cfg.User, cfg.Password = user, password
	return nil
}

func (f *brokerFlags) readTLS(cfg *rabbit.Config) error {
	if f.AMQPCA == "" && f.AMQPCert == "" && f.AMQPKey == "" && f.AMQPServerName == "" {
		return nil
	}
	cfg.TLS = &tls.Config{ServerName: f.AMQPServerName, MinVersion: tls.VersionTLS12}
	if f.AMQPCA != "" {
		pem, err := os.ReadFile(f.AMQPCA)
		if err != nil {
			return fmt.Errorf("--amqp-ca: %w", err)
		}
		cfg.TLS.RootCAs = x509.NewCertPool()
		if !cfg.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--amqp-ca: %s: there is no certificate in it", f.AMQPCA)
		}
	}
	if f.AMQPCert == "" && f.AMQPKey == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.AMQPCert, f.AMQPKey)
	if err != nil {
		return fmt.Errorf("--amqp-cert and --amqp-key: %w", err)
	}
	cfg.TLS.Certificates = []tls.Certificate{pair}
	return nil
}
