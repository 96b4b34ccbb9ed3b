// Package node puts the parts of a process together: which home of each interface it uses, in which order they start and stop.
package node
