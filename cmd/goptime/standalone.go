package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/node"
)

func build() node.Build {
	b := node.Build{Version: version, Branch: "unknown", Commit: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Go = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	return b
}

func standaloneCommand() *cobra.Command {
	c := &cobra.Command{Use: "standalone", Short: "Everything in one process, with its data in a local folder"}
	var configFile, envPrefix string
	start := &cobra.Command{
		Use:   "start",
		Short: "Start the server and run it until SIGINT or SIGTERM",
		Args:  cobra.NoArgs,
	}
	f := start.Flags()
	f.StringVarP(&configFile, "config-file", "c", "", "configuration file (TOML)")
	f.StringVar(&envPrefix, "env-prefix", config.DefaultEnvPrefix, "prefix of environment variables: PREFIX__HTTP__ADDR sets http.addr")
	// A flag that was given wins over file and environment; one that was not leaves them alone.
	type override struct {
		name string
		set  func(c *config.Standalone, v string)
	}
	var overrides []override
	text := func(name, usage string, set func(c *config.Standalone, v string)) {
		f.String(name, "", usage)
		overrides = append(overrides, override{name, set})
	}
	text("http-addr", "address of the HTTP listener (default 127.0.0.1:4000)", func(c *config.Standalone, v string) { c.HTTP.Addr = v })
	text("data-home", "folder of the data (default ./goptimedb_data)", func(c *config.Standalone, v string) { c.Storage.DataHome = v })
	text("log-dir", "folder of the log files (default {data-home}/logs)", func(c *config.Standalone, v string) { c.Logging.Dir = v })
	text("log-level", "debug, info, warn or error", func(c *config.Standalone, v string) { c.Logging.Level = v })
	text("grpc-bind-addr", "address of the gRPC listener, which this version does not serve", func(c *config.Standalone, v string) { c.GRPC.BindAddr = v })
	text("mysql-addr", "address of the MySQL listener (default 127.0.0.1:4002)", func(c *config.Standalone, v string) { c.MySQL.Addr = v })
	text("tls-mode", "of the MySQL and PostgreSQL listeners: disable, prefer, require, verify-ca, verify-full", func(c *config.Standalone, v string) { c.MySQL.TLS.Mode, c.Postgres.TLS.Mode = v, v })
	text("tls-cert-path", "certificate (PEM)", func(c *config.Standalone, v string) { c.MySQL.TLS.CertPath, c.Postgres.TLS.CertPath = v, v })
	text("tls-key-path", "private key (PEM)", func(c *config.Standalone, v string) { c.MySQL.TLS.KeyPath, c.Postgres.TLS.KeyPath = v, v })
	text("postgres-addr", "address of the PostgreSQL listener (default 127.0.0.1:4003)", func(c *config.Standalone, v string) { c.Postgres.Addr = v })
	text("user-provider", "source of users, e.g. static_user_provider:file:<path>", func(c *config.Standalone, v string) { c.UserProvider = v })
	influx := f.BoolP("influxdb-enable", "i", true, "serve the InfluxDB line protocol")
	start.RunE = func(cmd *cobra.Command, _ []string) error {
		c, warnings, err := config.Load(configFile, envPrefix, os.Environ())
		if err != nil {
			return err
		}
		for _, o := range overrides {
			if f.Changed(o.name) {
				v, _ := f.GetString(o.name)
				o.set(c, v)
			}
		}
		if f.Changed("influxdb-enable") {
			c.InfluxDB.Enable = *influx
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return serve(ctx, stop, c, warnings)
	}
	c.AddCommand(start)
	return c
}

// stopPatience is how long requests that run may take to end after a signal.
const stopPatience = 30 * time.Second

func serve(ctx context.Context, stopSignals func(), c *config.Standalone, warnings []string) error {
	n, err := node.Start(ctx, c, node.Options{Build: build(), Stdout: os.Stdout, Warnings: warnings})
	if err != nil {
		return err
	}
	fmt.Print(n.Banner())
	var failed error
	select {
	case <-ctx.Done():
		stopSignals() // a second signal ends the process at once
	case failed = <-n.Failed():
	}
	end, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return errors.Join(failed, n.Stop(end))
}
