// Package sketch holds summaries of many values that merge: of parts of a set, however it is divided, they become the summary of the whole.
// An HLL counts different values, a UDD and a Digest know quantiles, Comoments are what correlations are made of. What an HLL and a UDD are
// written as is kept by users: docs/formats/sketches.md.
//
// Scans make sketches of groups of rows, and functions of the query layer make, merge and read them; so this room stands below both.
package sketch
