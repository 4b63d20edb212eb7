#include "COneDNN.h"

#include <dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Others (TBB, a thread pool, SYCL) do not keep to onednn_use_one_thread, and their bits depend on the machine's cores.
#if DNNL_CPU_RUNTIME != DNNL_RUNTIME_OMP && DNNL_CPU_RUNTIME != DNNL_RUNTIME_SEQ
#error "Sluice needs a oneDNN that was built with OpenMP or without threads"
#endif

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t layout_ref;
#else
typedef const dnnl_memory_desc_t *layout_ref;
#endif

struct onednn_convolution {
  onednn_direction direction;
  dnnl_primitive_desc_t descriptor;
  dnnl_primitive_t primitive;
  dnnl_primitive_t pack, unpack;
  // From the caller's f32 to what the primitive reads, where that is bf16.
  dnnl_primitive_t convert_input, convert_output;
  dnnl_memory_desc_t plain_weights, f32_input, f32_output;
  layout_ref input, weights, output, scratch;
  // The primitive takes a share of the images; numbers from one share to the next.
  int calls;
  size_t input_step, output_step;
  // Channels as the caller counts them, and as oneDNN is told: whole blocks. For a last block that is not full oneDNN
  // has reference code only (430 ms instead of 1 ms for 8 channels in blocks of 16).
  int out_channels, in_channels, padded_out_channels, padded_in_channels, kernel;
};

#define TRY(call)                                   \
  do {                                              \
    const dnnl_status_t status = (call);            \
    if (status != dnnl_success) return (int)status; \
  } while (0)

const char *onednn_status_text(int status) {
  switch ((dnnl_status_t)status) {
    case dnnl_success: return "success";
    case dnnl_out_of_memory: return "out of memory";
    case dnnl_invalid_arguments: return "invalid arguments";
    case dnnl_unimplemented: return "not implemented for this shape on this processor";
    case dnnl_runtime_error: return "run-time error";
    default: return "unknown error";
  }
}

int onednn_is_out_of_memory(int status) { return status == dnnl_out_of_memory; }

// GNU OpenMP's; weak, as oneDNN may be built on another threading library.
extern void omp_set_num_threads(int) __attribute__((weak));

void onednn_use_one_thread(void) {
  if (omp_set_num_threads) omp_set_num_threads(1);
}

void onednn_version(int *major, int *minor, int *patch) {
  const dnnl_version_t *version = dnnl_version();
  *major = version->major;
  *minor = version->minor;
  *patch = version->patch;
}

const char *onednn_instruction_set(void) {
  static const struct {
    dnnl_cpu_isa_t isa;
    const char *name;
  } names[] = {  // the largest first: each is a set of bits
      {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},   {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
      {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"}, {dnnl_cpu_isa_avx512_core, "avx512_core"},
      {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},               {dnnl_cpu_isa_avx2, "avx2"},
      {dnnl_cpu_isa_avx, "avx"},                           {dnnl_cpu_isa_sse41, "sse41"},
  };
  const unsigned isa = dnnl_get_effective_cpu_isa();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if ((isa & names[i].isa) == (unsigned)names[i].isa) return names[i].name;
  return "none";
}

// Without these instructions the library computes bf16 by others, which takes longer than f32.
static int has_bf16_instructions(void) {
  const unsigned isa = dnnl_cpu_isa_avx512_core_bf16;
  return ((unsigned)dnnl_get_effective_cpu_isa() & isa) == isa;
}

static dnnl_engine_t shared_engine;
static void make_engine(void) {
  if (dnnl_engine_create(&shared_engine, dnnl_cpu, 0) != dnnl_success) shared_engine = NULL;
}
static dnnl_engine_t engine(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_engine);
  return shared_engine;
}

// A stream for each thread, so that calls on two threads never wait for one another.
static dnnl_stream_t stream(void) {
  static _Thread_local dnnl_stream_t own;
  if (!own && dnnl_stream_create(&own, engine(), dnnl_stream_default_flags) != dnnl_success) own = NULL;
  return own;
}

static int make_layout(dnnl_memory_desc_t *layout, const dnnl_dims_t dims, dnnl_data_type_t type,
                       dnnl_format_tag_t tag) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(layout, 4, dims, type, tag);
#else
  return dnnl_memory_desc_init_by_tag(layout, 4, dims, type, tag);
#endif
}

static layout_ref ref(const dnnl_memory_desc_t *layout) {
#if DNNL_VERSION_MAJOR >= 3
  return *layout;
#else
  return layout;
#endif
}

static void free_layout(dnnl_memory_desc_t layout) {
#if DNNL_VERSION_MAJOR >= 3
  if (layout) dnnl_memory_desc_destroy(layout);
#else
  (void)layout;
#endif
}

static size_t layout_bytes(layout_ref layout) { return layout ? dnnl_memory_desc_get_size(layout) : 0; }

static int describe(dnnl_primitive_desc_t *descriptor, onednn_direction direction, dnnl_alg_kind_t algorithm,
                    layout_ref x, layout_ref w, layout_ref y, const dnnl_dims_t strides, const dnnl_dims_t padding,
                    dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
  const dnnl_dims_t dilation = {0, 0};
#if DNNL_VERSION_MAJOR >= 3
  switch (direction) {
    case ONEDNN_FORWARD:
      return dnnl_convolution_forward_primitive_desc_create(descriptor, engine(), dnnl_forward_training, algorithm, x,
                                                            w, NULL, y, strides, dilation, padding, padding,
                                                            attributes);
    case ONEDNN_BACKWARD_DATA:
      return dnnl_convolution_backward_data_primitive_desc_create(descriptor, engine(), algorithm, x, w, y, strides,
                                                                  dilation, padding, padding, hint, attributes);
    default:
      return dnnl_convolution_backward_weights_primitive_desc_create(descriptor, engine(), algorithm, x, w, NULL, y,
                                                                     strides, dilation, padding, padding, hint,
                                                                     attributes);
  }
#else
  dnnl_convolution_desc_t operation;
  switch (direction) {
    case ONEDNN_FORWARD:
      TRY(dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_training, algorithm, x, w, NULL, y,
                                                     strides, dilation, padding, padding));
      break;
    case ONEDNN_BACKWARD_DATA:
      TRY(dnnl_dilated_convolution_backward_data_desc_init(&operation, algorithm, x, w, y, strides, dilation, padding,
                                                           padding));
      break;
    default:
      TRY(dnnl_dilated_convolution_backward_weights_desc_init(&operation, algorithm, x, w, NULL, y, strides, dilation,
                                                              padding, padding));
  }
  return dnnl_primitive_desc_create(descriptor, &operation, attributes, engine(), hint);
#endif
}

static int make_reorder(dnnl_primitive_t *reorder, layout_ref from, layout_ref to) {
  dnnl_primitive_desc_t descriptor;
  TRY(dnnl_reorder_primitive_desc_create(&descriptor, from, engine(), to, engine(), NULL));
  const dnnl_status_t status = dnnl_primitive_create(reorder, descriptor);
  dnnl_primitive_desc_destroy(descriptor);
  return status;
}

static int whole_blocks(int channels, int lanes) { return (channels + lanes - 1) / lanes * lanes; }

// The layouts of an operation's two maps and its weights.
typedef struct {
  dnnl_memory_desc_t x, w, y;
} operand_layouts;

static void free_layouts(operand_layouts *l) {
  free_layout(l->x);
  free_layout(l->w);
  free_layout(l->y);
}

static int is_reference_code(const_dnnl_primitive_desc_t descriptor) {
  const char *name = "";
  dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name);
  return strncmp(name, "ref", 3) == 0;
}

// Fills in everything; what was made before a failure is left for the caller to destroy.
static int assemble(onednn_convolution *c, const onednn_shape *s, onednn_algorithm algorithm) {
  const int out_height = (s->in_height + 2 * s->padding - s->kernel) / s->stride + 1;
  const int out_width = (s->in_width + 2 * s->padding - s->kernel) / s->stride + 1;
  const int backward_data = c->direction == ONEDNN_BACKWARD_DATA;
  const int backward_weights = c->direction == ONEDNN_BACKWARD_WEIGHTS;
  c->kernel = s->kernel;
  c->in_channels = s->in_channels;
  c->out_channels = s->out_channels;
  c->padded_in_channels = whole_blocks(s->in_channels, s->in_lanes);
  c->padded_out_channels = whole_blocks(s->out_channels, s->lanes);
  c->calls = s->images / s->images_in_call;
  c->input_step = (size_t)s->images_in_call * c->padded_in_channels * s->in_height * s->in_width;
  c->output_step = (size_t)s->images_in_call * c->padded_out_channels * out_height * out_width;
  const dnnl_dims_t x_dims = {s->images_in_call, c->padded_in_channels, s->in_height, s->in_width};
  const dnnl_dims_t w_dims = {c->padded_out_channels, c->padded_in_channels, s->kernel, s->kernel};
  const dnnl_dims_t y_dims = {s->images_in_call, c->padded_out_channels, out_height, out_width};
  const dnnl_dims_t strides = {s->stride, s->stride}, padding = {s->padding, s->padding};
  const dnnl_format_tag_t blocked = s->lanes == 16 ? dnnl_nChw16c : dnnl_nChw8c;
  const dnnl_format_tag_t x_tag = s->in_lanes == 1 ? dnnl_nchw : blocked;
  const dnnl_alg_kind_t kind =
      algorithm == ONEDNN_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
  // What a bf16 convolution reads is bf16, what it writes is f32.
  const dnnl_data_type_t read = algorithm == ONEDNN_BF16 ? dnnl_bf16 : dnnl_f32;

  operand_layouts l, forward;
  TRY(make_layout(&l.x, x_dims, backward_data ? dnnl_f32 : read, x_tag));
  TRY(make_layout(&l.w, w_dims, backward_weights ? dnnl_f32 : read, dnnl_format_tag_any));
  TRY(make_layout(&l.y, y_dims, c->direction == ONEDNN_FORWARD ? dnnl_f32 : read, blocked));
  TRY(make_layout(&forward.x, x_dims, read, x_tag));
  TRY(make_layout(&forward.w, w_dims, read, dnnl_format_tag_any));
  TRY(make_layout(&forward.y, y_dims, read, blocked));
  TRY(make_layout(&c->plain_weights, w_dims, dnnl_f32, dnnl_oihw));
  TRY(make_layout(&c->f32_input, x_dims, dnnl_f32, x_tag));
  TRY(make_layout(&c->f32_output, y_dims, dnnl_f32, blocked));

  dnnl_primitive_attr_t attributes;
  TRY(dnnl_primitive_attr_create(&attributes));
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t hint = NULL;
  int status = dnnl_success;
  if (c->direction != ONEDNN_FORWARD)
    status = describe(&hint, ONEDNN_FORWARD, kind, ref(&forward.x), ref(&forward.w), ref(&forward.y), strides, padding,
                      NULL, attributes);
  if (status == dnnl_success)
    status = describe(&c->descriptor, c->direction, kind, ref(&l.x), ref(&l.w), ref(&l.y), strides, padding, hint,
                      attributes);
  if (hint) dnnl_primitive_desc_destroy(hint);
  dnnl_primitive_attr_destroy(attributes);
  free_layouts(&l);
  free_layouts(&forward);
  if (status != dnnl_success) return status;
  if (algorithm == ONEDNN_BF16 && is_reference_code(c->descriptor)) return dnnl_unimplemented;

  c->input = dnnl_primitive_desc_query_md(c->descriptor, backward_data ? dnnl_query_diff_src_md : dnnl_query_src_md, 0);
  c->weights = dnnl_primitive_desc_query_md(
      c->descriptor, backward_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
  c->output =
      dnnl_primitive_desc_query_md(c->descriptor, c->direction == ONEDNN_FORWARD ? dnnl_query_dst_md
                                                                                 : dnnl_query_diff_dst_md, 0);
  c->scratch = dnnl_primitive_desc_query_md(c->descriptor, dnnl_query_scratchpad_md, 0);
  TRY(dnnl_primitive_create(&c->primitive, c->descriptor));
  if (algorithm == ONEDNN_BF16) {
    if (!backward_data) TRY(make_reorder(&c->convert_input, ref(&c->f32_input), c->input));
    if (c->direction != ONEDNN_FORWARD) TRY(make_reorder(&c->convert_output, ref(&c->f32_output), c->output));
  }
  if (backward_weights) return make_reorder(&c->unpack, c->weights, ref(&c->plain_weights));
  return make_reorder(&c->pack, ref(&c->plain_weights), c->weights);
}

int onednn_convolution_create(onednn_convolution **convolution, const onednn_shape *shape, onednn_direction direction,
                              onednn_algorithm algorithm) {
  if (!engine()) return dnnl_runtime_error;
  if (shape->images_in_call < 1 || shape->images % shape->images_in_call != 0) return dnnl_invalid_arguments;
  if (algorithm == ONEDNN_BF16 && !has_bf16_instructions()) return dnnl_unimplemented;
  onednn_convolution *c = calloc(1, sizeof *c);
  if (!c) return dnnl_out_of_memory;
  c->direction = direction;
  const int status = assemble(c, shape, algorithm);
  if (status != dnnl_success) {
    onednn_convolution_destroy(c);
    return status;
  }
  *convolution = c;
  return dnnl_success;
}

void onednn_convolution_destroy(onednn_convolution *c) {
  if (!c) return;
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  if (c->pack) dnnl_primitive_destroy(c->pack);
  if (c->unpack) dnnl_primitive_destroy(c->unpack);
  if (c->convert_input) dnnl_primitive_destroy(c->convert_input);
  if (c->convert_output) dnnl_primitive_destroy(c->convert_output);
  if (c->descriptor) dnnl_primitive_desc_destroy(c->descriptor);
  free_layout(c->plain_weights);
  free_layout(c->f32_input);
  free_layout(c->f32_output);
  free(c);
}

// Floats that hold a layout, in whole cache lines.
static size_t layout_floats(layout_ref layout) { return (layout_bytes(layout) + 63) / 64 * (64 / sizeof(float)); }

size_t onednn_convolution_weights_count(const onednn_convolution *c) { return layout_floats(c->weights); }

// A call's working memory: the library's own, then what it reads in bf16, then a part of the weights' gradient.
static size_t input_copy(const onednn_convolution *c) { return layout_floats(c->scratch); }
static size_t output_copy(const onednn_convolution *c) {
  return input_copy(c) + (c->convert_input ? layout_floats(c->input) : 0);
}
static size_t partial_weights(const onednn_convolution *c) {
  return output_copy(c) + (c->convert_output ? layout_floats(c->output) : 0);
}

static int adds_weights(const onednn_convolution *c) {
  return c->direction == ONEDNN_BACKWARD_WEIGHTS && c->calls > 1;
}

size_t onednn_convolution_scratch_count(const onednn_convolution *c) {
  return partial_weights(c) + (adds_weights(c) ? layout_floats(c->weights) : 0);
}

// Runs a primitive on up to four buffers of the caller's.
static int execute(dnnl_primitive_t primitive, int count, const int names[], const layout_ref layouts[],
                   float *const buffers[]) {
  dnnl_exec_arg_t arguments[4];
  int made = 0, status = stream() ? dnnl_success : dnnl_runtime_error;
  for (int i = 0; i < count && status == dnnl_success; i++) {
    if (layout_bytes(layouts[i]) == 0) continue;
    arguments[made].arg = names[i];
    status = dnnl_memory_create(&arguments[made].memory, layouts[i], engine(), buffers[i]);
    if (status == dnnl_success) made++;
  }
  if (status == dnnl_success) status = dnnl_primitive_execute(primitive, stream(), made, arguments);
  if (status == dnnl_success) status = dnnl_stream_wait(stream());
  while (made > 0) dnnl_memory_destroy(arguments[--made].memory);
  return status;
}

static int has_padding(const onednn_convolution *c) {
  return c->padded_in_channels != c->in_channels || c->padded_out_channels != c->out_channels;
}

static size_t plain_row(const onednn_convolution *c) { return (size_t)c->in_channels * c->kernel * c->kernel; }
static size_t padded_row(const onednn_convolution *c) { return (size_t)c->padded_in_channels * c->kernel * c->kernel; }

static int reorder(dnnl_primitive_t primitive, layout_ref from, float *source, layout_ref to, float *target) {
  const int names[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
  const layout_ref layouts[] = {from, to};
  float *const buffers[] = {source, target};
  return execute(primitive, 2, names, layouts, buffers);
}

int onednn_convolution_pack(const onednn_convolution *c, const float *weights, float *packed) {
  if (!has_padding(c)) return reorder(c->pack, ref(&c->plain_weights), (float *)weights, c->weights, packed);
  float *padded = calloc(c->padded_out_channels * padded_row(c), sizeof *padded);
  if (!padded) return dnnl_out_of_memory;
  for (int o = 0; o < c->out_channels; o++)
    memcpy(padded + o * padded_row(c), weights + o * plain_row(c), plain_row(c) * sizeof *padded);
  const int status = reorder(c->pack, ref(&c->plain_weights), padded, c->weights, packed);
  free(padded);
  return status;
}

int onednn_convolution_unpack(const onednn_convolution *c, const float *packed, float *weights) {
  if (!has_padding(c)) return reorder(c->unpack, c->weights, (float *)packed, ref(&c->plain_weights), weights);
  float *padded = malloc(c->padded_out_channels * padded_row(c) * sizeof *padded);
  if (!padded) return dnnl_out_of_memory;
  const int status = reorder(c->unpack, c->weights, (float *)packed, ref(&c->plain_weights), padded);
  for (int o = 0; o < c->out_channels; o++)
    memcpy(weights + o * plain_row(c), padded + o * padded_row(c), plain_row(c) * sizeof *padded);
  free(padded);
  return status;
}

static int run_share(const onednn_convolution *c, float *input, float *weights, float *output, float *scratch) {
  static const int names[3][4] = {
      {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD},
      {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST, DNNL_ARG_SCRATCHPAD},
      {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST, DNNL_ARG_SCRATCHPAD},
  };
  float *buffers[] = {input, weights, output, scratch};
  if (c->convert_input) {
    buffers[0] = scratch + input_copy(c);
    TRY(reorder(c->convert_input, ref(&c->f32_input), input, c->input, buffers[0]));
  }
  if (c->convert_output) {
    buffers[2] = scratch + output_copy(c);
    TRY(reorder(c->convert_output, ref(&c->f32_output), output, c->output, buffers[2]));
  }
  const layout_ref layouts[] = {c->input, c->weights, c->output, c->scratch};
  return execute(c->primitive, 4, names[c->direction], layouts, buffers);
}

int onednn_convolution_run(const onednn_convolution *c, float *input, float *weights, float *output, float *scratch) {
  for (int call = 0; call < c->calls; call++) {
    float *part = call > 0 && adds_weights(c) ? scratch + partial_weights(c) : weights;
    TRY(run_share(c, input + call * c->input_step, part, output + call * c->output_step, scratch));
    if (part == weights) continue;
    const size_t count = layout_bytes(c->weights) / sizeof(float);
    for (size_t i = 0; i < count; i++) weights[i] += part[i];
  }
  return dnnl_success;
}
