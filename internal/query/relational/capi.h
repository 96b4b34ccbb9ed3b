// What the Go callbacks need beside the bindings: loops over strings, which would cost a call from Go to C for each value.
#pragma once
#include <stdint.h>

typedef uint64_t relational_index;

// relational_string is a string of DuckDB's vectors: up to 12 bytes stand in it, longer ones have their first 4 here and a pointer.
typedef struct {
	uint32_t length;
	char inlined[12];
} relational_string;

// relational_fill_bytes writes n values, of which value i is data[offsets[i]:offsets[i+1]], into a flat vector whose slots are out.
void relational_fill_bytes(void *vector, relational_string *out, const uint32_t *offsets, const char *data, relational_index n);

// relational_fill_coded does the same where value i is number codes[i].
void relational_fill_coded(void *vector, relational_string *out, const uint32_t *codes, const uint32_t *offsets, const char *data,
                           relational_index n);

// relational_put_bytes writes one value at a place of a flat vector whose slots are out.
void relational_put_bytes(void *vector, relational_string *out, relational_index at, const char *data, uint32_t length);

// relational_add_aggregate registers an aggregate function whose state is a handle of Go's; 0: it is registered. info belongs to it, whether or
// not it is, and is given to relationalFree in the end.
int relational_add_aggregate(void *connection, const char *name, void **args, relational_index n, void *result, void *info);
