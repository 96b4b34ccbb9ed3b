// Package contract holds what may live in another process, and the requests it speaks. Callers cannot tell whether they talk to a
// region engine in their own process or to one over the network: requests are data, errors carry errs codes.
package contract
