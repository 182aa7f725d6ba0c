/* The C interface between Baton and a plug-in: a shared library that is a model.
 *
 * The library exports one function, baton_plugin_v1, which returns the table of the rest. In C++
 * nobody needs to write any of this: see baton_plugin.hpp.
 *
 * Threads: entry, create, describe and destroy are called by one thread at a time for each model;
 * predict by any number at once. No function may let a C++ exception out.
 * Owns: what the server passes lives until the function returns; what describe returns, until
 * destroy. Texts are UTF-8 and end with a zero byte where no size stands beside them.
 */
#ifndef BATON_PLUGIN_H
#define BATON_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(readability-identifier-naming) */

#define BATON_PLUGIN_VERSION 1u

/* The datatypes of the Open Inference Protocol. Elements are little-endian and row-major; BOOL is
 * one byte, FP16 and BF16 are two. */
enum {
  BATON_BOOL = 0,
  BATON_UINT8 = 1,
  BATON_UINT16 = 2,
  BATON_UINT32 = 3,
  BATON_UINT64 = 4,
  BATON_INT8 = 5,
  BATON_INT16 = 6,
  BATON_INT32 = 7,
  BATON_INT64 = 8,
  BATON_FP16 = 9,
  BATON_FP32 = 10,
  BATON_FP64 = 11,
  BATON_BYTES = 12,
  BATON_BF16 = 13
};

/* How predict ended. */
enum {
  BATON_OK = 0,
  BATON_BAD_INPUT = 1, /* the client's fault: it is told the message, with status 400 */
  BATON_STOPPED = 2,   /* ended early because is_stopped said so */
  BATON_FAILED = 3     /* the client gets status 500 */
};

/* One element of a BYTES tensor: any bytes. */
typedef struct baton_text {
  const char* data;
  size_t size;
} baton_text;

/* Holds `data` and `data_bytes`, or for BATON_BYTES `texts` and `text_count`. */
typedef struct baton_tensor {
  const char* name;
  int32_t datatype;
  const int64_t* shape;
  size_t rank;
  const void* data;
  size_t data_bytes;
  const baton_text* texts;
  size_t text_count;
} baton_tensor;

/* -1 in a shape: for the request to choose. */
typedef struct baton_spec {
  const char* name;
  int32_t datatype;
  const int64_t* shape;
  size_t rank;
} baton_spec;

typedef struct baton_description {
  const baton_spec* inputs;
  size_t input_count;
  const baton_spec* outputs;
  size_t output_count;
} baton_description;

/* What the operator configured. `keys` and `values` are `count` texts each: the parameters. */
typedef struct baton_config {
  const char* model_name;
  const char* model_version;
  const char* folder; /* of the version; further files of the model may lie there */
  const char* const* keys;
  const char* const* values;
  size_t count;
} baton_config;

/* What the server lends for one call. Each function takes `server` first; all copy what they are
 * given. To be used by the thread that was called, until the call returns. */
typedef struct baton_call {
  void* server;

  /* Says why the call is about to fail. The last message counts. */
  void (*set_error)(void* server, const char* message);

  /* Not 0 when nobody waits for the answer any more: look now and then in a long run. */
  int (*is_stopped)(void* server);

  /* Gives one output. In predict every output that describe named is given once; the server checks
   * name, datatype, shape and sizes, and fails the call when they are not as described. */
  void (*add_output)(void* server, const baton_tensor* output);
} baton_call;

typedef struct baton_plugin {
  uint32_t version; /* BATON_PLUGIN_VERSION */
  uint32_t size;    /* sizeof(baton_plugin); later versions only add at the end */

  /* Makes a model; NULL after set_error when it cannot. Only set_error may be used of `call`. */
  void* (*create)(const baton_config* config, const baton_call* call);

  /* The tensors of the model; called once after create. */
  const baton_description* (*describe)(void* model);

  /* One request: inputs in the order of the description, checked against it by the server. */
  int32_t (*predict)(void* model, const baton_tensor* inputs, size_t input_count,
                     const baton_call* call);

  void (*destroy)(void* model);
} baton_plugin;

#define BATON_PLUGIN_ENTRY "baton_plugin_v1"

/* The one symbol that a plug-in exports. The table lives as long as the library. */
typedef const baton_plugin* (*baton_plugin_entry)(void);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif
