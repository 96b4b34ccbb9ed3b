#include "capi.h"

#include <string.h>

// Of DuckDB's C API; its header is in another module, where cgo cannot include it from. It copies the bytes.
extern void duckdb_unsafe_vector_assign_string_element_len(void *vector, relational_index index, const char *str,
                                                           relational_index length);

static inline void assign(void *vector, relational_string *out, relational_index i, const char *str, uint32_t length) {
	if (length > sizeof out->inlined) {
		duckdb_unsafe_vector_assign_string_element_len(vector, i, str, length);
		return;
	}
	relational_string s = {length, {0}};
	memcpy(s.inlined, str, length);
	out[i] = s;
}

void relational_fill_bytes(void *vector, relational_string *out, const uint32_t *offsets, const char *data, relational_index n) {
	for (relational_index i = 0; i < n; i++) {
		assign(vector, out, i, data + offsets[i], offsets[i + 1] - offsets[i]);
	}
}

void relational_fill_coded(void *vector, relational_string *out, const uint32_t *codes, const uint32_t *offsets, const char *data,
                           relational_index n) {
	for (relational_index i = 0; i < n; i++) {
		uint32_t c = codes[i];
		assign(vector, out, i, data + offsets[c], offsets[c + 1] - offsets[c]);
	}
}

void relational_put_bytes(void *vector, relational_string *out, relational_index at, const char *data, uint32_t length) {
	assign(vector, out, at, data, length);
}
