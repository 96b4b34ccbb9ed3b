#include "capi.h"

// Of DuckDB's C API, as in capi.c.
extern void *duckdb_create_aggregate_function(void);
extern void duckdb_destroy_aggregate_function(void **f);
extern void duckdb_aggregate_function_set_name(void *f, const char *name);
extern void duckdb_aggregate_function_add_parameter(void *f, void *type);
extern void duckdb_aggregate_function_set_return_type(void *f, void *type);
extern void duckdb_aggregate_function_set_functions(void *f, relational_index (*size)(void *), void (*init)(void *, void *),
                                                    void (*update)(void *, void *, void **), void (*combine)(void *, void **, void **, relational_index),
                                                    void (*finalize)(void *, void **, void *, relational_index, relational_index));
extern void duckdb_aggregate_function_set_destructor(void *f, void (*destroy)(void **, relational_index));
extern void duckdb_aggregate_function_set_special_handling(void *f);
extern void duckdb_aggregate_function_set_extra_info(void *f, void *info, void (*destroy)(void *));
extern int duckdb_register_aggregate_function(void *connection, void *f);

// Of Go.
extern void relationalFree(void *);
extern void relationalUpdate(void *info, void *chunk, void **states);
extern void relationalCombine(void *info, void **sources, void **targets, relational_index n);
extern void relationalFinalize(void *info, void **sources, void *out, relational_index n, relational_index at);
extern void relationalDestroy(void **states, relational_index n);

static relational_index state_size(void *info) {
	(void)info;
	return sizeof(uintptr_t);
}

// A state without a value has no handle.
static void state_init(void *info, void *state) {
	(void)info;
	*(uintptr_t *)state = 0;
}

int relational_add_aggregate(void *connection, const char *name, void **args, relational_index n, void *result, void *info) {
	void *f = duckdb_create_aggregate_function();
	duckdb_aggregate_function_set_name(f, name);
	for (relational_index i = 0; i < n; i++) {
		duckdb_aggregate_function_add_parameter(f, args[i]);
	}
	duckdb_aggregate_function_set_return_type(f, result);
	duckdb_aggregate_function_set_special_handling(f);
	duckdb_aggregate_function_set_functions(f, state_size, state_init, relationalUpdate, relationalCombine, relationalFinalize);
	duckdb_aggregate_function_set_destructor(f, relationalDestroy);
	duckdb_aggregate_function_set_extra_info(f, info, relationalFree);
	int failed = duckdb_register_aggregate_function(connection, f);
	duckdb_destroy_aggregate_function(&f);
	return failed;
}
