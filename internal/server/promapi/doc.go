// Package promapi is the Prometheus query API: parameters in, Prometheus' JSON envelopes out. Evaluation is behind Engine.
package promapi
