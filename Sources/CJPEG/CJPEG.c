#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// stdio.h first: jpeglib.h uses FILE and size_t without including them.
#include <jpeglib.h>
#include <jerror.h>

// ---- Errors --------------------------------------------------------------------------------------------------------

typedef struct {
  struct jpeg_error_mgr library;  // first: libjpeg hands back a pointer to it
  jmp_buf jump;
  int strict;
  int ended;  // whether the decoder has asked for bytes beyond the last
  cjpeg_result result;
  char *message;
} errors;

_Static_assert(JMSG_LENGTH_MAX <= CJPEG_MESSAGE_SIZE, "libjpeg's messages fit");

static _Noreturn void fail(j_common_ptr info, cjpeg_result result) {
  errors *e = (errors *)info->err;
  e->result = result == CJPEG_DAMAGED && e->ended ? CJPEG_TRUNCATED : result;
  longjmp(e->jump, 1);
}

static _Noreturn void fail_saying(j_common_ptr info, cjpeg_result result, const char *message) {
  snprintf(((errors *)info->err)->message, CJPEG_MESSAGE_SIZE, "%s", message);
  fail(info, result);
}

static void error_exit(j_common_ptr info) {
  errors *e = (errors *)info->err;
  e->library.format_message(info, e->message);
  switch (e->library.msg_code) {
#if JPEG_LIB_VERSION < 70
    case JERR_ARITH_NOTIMPL:
#endif
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      fail(info, CJPEG_UNSUPPORTED);
    case JERR_OUT_OF_MEMORY:
      fail(info, CJPEG_NO_MEMORY);
    default:
      fail(info, CJPEG_DAMAGED);
  }
}

// Whether a warning means that pixels are not what was encoded.
static int is_damage(const struct jpeg_error_mgr *e) {
  switch (e->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      return 1;
    case JWRN_EXTRANEOUS_DATA:
      // Bytes left over at a restart marker: what was decoded before it took too few.
      return e->msg_parm.i[1] >= JPEG_RST0 && e->msg_parm.i[1] <= JPEG_RST0 + 7;
    default:
      return 0;
  }
}

static void emit_message(j_common_ptr info, int level) {
  errors *e = (errors *)info->err;
  if (level >= 0 || !(e->strict || is_damage(&e->library))) return;
  e->library.format_message(info, e->message);
  fail(info, CJPEG_DAMAGED);
}

static void output_message(j_common_ptr info) { (void)info; }

static void set_up_errors(errors *e, int strict, char *message) {
  memset(e, 0, sizeof *e);
  jpeg_std_error(&e->library);
  e->library.error_exit = error_exit;
  e->library.emit_message = emit_message;
  e->library.output_message = output_message;
  e->strict = strict;
  e->message = message;
  message[0] = 0;
}

// ---- Bytes in memory -----------------------------------------------------------------------------------------------

static void do_nothing(j_decompress_ptr info) { (void)info; }

// Beyond the last byte there is an end marker. The Huffman decoder reads ahead, so asking for more is no error in
// itself; it warns (JWRN_HIT_MARKER) once it lacks bits.
static boolean fill_input_buffer(j_decompress_ptr info) {
  static const JOCTET end[] = {0xFF, JPEG_EOI};
  ((errors *)info->err)->ended = 1;
  info->src->next_input_byte = end;
  info->src->bytes_in_buffer = sizeof end;
  return TRUE;
}

static void skip_input_data(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const size_t left = info->src->bytes_in_buffer;
  const size_t skipped = (size_t)count < left ? (size_t)count : left;
  if (skipped < (size_t)count) ((errors *)info->err)->ended = 1;
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

// ---- Decoding ------------------------------------------------------------------------------------------------------

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_source_mgr source;
  struct jpeg_progress_mgr progress;
  errors errors;
} decoder;

_Static_assert(CJPEG_LARGEST_SCAN_COUNT == 100, "the message below says so");

static void limit_scans(j_common_ptr info) {
  if (((j_decompress_ptr)info)->input_scan_number > CJPEG_LARGEST_SCAN_COUNT)
    fail_saying(info, CJPEG_UNSUPPORTED, "it has more than 100 scans");
}

// Afterwards the picture can be destroyed, whatever happens in between.
static void set_up(decoder *d, int strict, char *message) {
  memset(&d->info, 0, sizeof d->info);
  set_up_errors(&d->errors, strict, message);
}

// Called where fail() may jump.
static void begin(decoder *d, const uint8_t *bytes, size_t count) {
  d->info.err = &d->errors.library;
  jpeg_create_decompress(&d->info);
  d->source.init_source = do_nothing;
  d->source.fill_input_buffer = fill_input_buffer;
  d->source.skip_input_data = skip_input_data;
  d->source.resync_to_restart = jpeg_resync_to_restart;
  d->source.term_source = do_nothing;
  d->source.next_input_byte = bytes;
  d->source.bytes_in_buffer = count;
  d->info.src = &d->source;
  memset(&d->progress, 0, sizeof d->progress);
  d->progress.progress_monitor = limit_scans;
  d->info.progress = &d->progress;

  jpeg_read_header(&d->info, TRUE);
  const j_common_ptr common = (j_common_ptr)&d->info;
  if (d->info.data_precision != 8) fail_saying(common, CJPEG_UNSUPPORTED, "its samples do not have 8 bits");
  const int components = d->info.num_components;
  if (components != 1 && components != 3 && components != 4)
    fail_saying(common, CJPEG_UNSUPPORTED, "it has neither 1, 3 nor 4 components");
}

// What fail() jumps to lies below the functions that keep the decoder: none of it is left undefined by the jump.
static void read_header(decoder *d, const uint8_t *bytes, size_t count) {
  if (setjmp(d->errors.jump) == 0) begin(d, bytes, count);
}

cjpeg_result cjpeg_read_header(const uint8_t *bytes, size_t count, cjpeg_header *header, char *message) {
  decoder d;
  set_up(&d, 0, message);
  read_header(&d, bytes, count);
  header->width = (int)d.info.image_width;
  header->height = (int)d.info.image_height;
  jpeg_destroy_decompress(&d.info);
  return d.errors.result;
}

// Whether libjpeg guesses at coefficients that a progressive picture has not sent, from blocks two columns around.
static int smooths_blocks(j_decompress_ptr info) {
  if (!info->progressive_mode || info->coef_bits == NULL || !info->do_block_smoothing) return 0;
  for (int c = 0; c < info->num_components; c++)
    for (int k = 1; k < 10; k++)
      if (info->coef_bits[c][k] != 0) return 1;
  return 0;
}

// Whether libjpeg-turbo 2.1's jpeg_crop_scanline is wrong. Where a component has less than a quarter of the samples,
// a scaled picture gets a larger DCT for it and upsampling for the rest of the way, over only as many columns as
// there would be with the others' DCT.
static int crops_wrongly(j_decompress_ptr info) {
  if (info->scale_num == 8) return 0;
  for (int c = 0; c < info->num_components; c++) {
    const jpeg_component_info *component = &info->comp_info[c];
    if (info->max_h_samp_factor * info->max_v_samp_factor >
        4 * component->h_samp_factor * component->v_samp_factor)
      return 1;
  }
  return 0;
}

// Whether every coefficient of a progressive picture has been sent to its last bit.
static int has_all_scans(j_decompress_ptr info) {
  if (!info->progressive_mode || info->coef_bits == NULL) return 0;
  for (int c = 0; c < info->num_components; c++)
    for (int k = 0; k < DCTSIZE2; k++)
      if (info->coef_bits[c][k] != 0) return 0;
  return 1;
}

// Cyan, magenta, yellow and black, each as 255 minus the ink: Pillow's arithmetic for what it calls CMYK;I.
static void write_cmyk_as_rgb(const JSAMPLE *cmyk, int count, uint8_t *rgb) {
  for (int x = 0; x < count; x++, cmyk += 4, rgb += 3) {
    const unsigned light = cmyk[3];
    for (int c = 0; c < 3; c++) {
      const unsigned product = (255u - cmyk[c]) * light + 128;
      rgb[c] = (uint8_t)(light - ((product + (product >> 8)) >> 8));
    }
  }
}

static void decode(decoder *d, int eighths, cjpeg_box box, uint8_t *rgb) {
  const j_decompress_ptr info = &d->info;
  const j_common_ptr common = (j_common_ptr)info;
  info->scale_num = (unsigned)eighths;
  info->scale_denom = 8;
  info->dct_method = JDCT_ISLOW;
  info->do_fancy_upsampling = TRUE;
  info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(info);
  // All scans but the only one have been read here. Whether one is missing cannot be told from the others
  // unless the picture is progressive.
  if (jpeg_has_multiple_scans(info) && d->errors.ended && !has_all_scans(info))
    fail_saying(common, CJPEG_TRUNCATED, "it ends before its last scan");

  const int width = (int)info->output_width, height = (int)info->output_height;
  if (box.left < 0 || box.top < 0 || box.width <= 0 || box.height <= 0 || box.left > width - box.width ||
      box.top > height - box.height)
    fail_saying(common, CJPEG_DAMAGED, "the part asked for lies outside the picture");

  // Upsampling looks at the columns beside, and takes the first and the last column that are decoded for the
  // picture's edges: one column of MCUs more on each side keeps that away from the box.
  const int step = info->max_h_samp_factor * eighths;
  int left = box.left / step * step - step, right = box.left + box.width + step;
  if (left < 0) left = 0;
  if (right > width) right = width;
  if (smooths_blocks(info) || crops_wrongly(info)) {
    left = 0;
    right = width;
  }
  if (right - left < width) {
    JDIMENSION offset = (JDIMENSION)left, count = (JDIMENSION)(right - left);
    jpeg_crop_scanline(info, &offset, &count);
    left = (int)offset;
    right = (int)(offset + count);
  }
  if (box.top > 0 && jpeg_skip_scanlines(info, (JDIMENSION)box.top) != (JDIMENSION)box.top)
    fail_saying(common, CJPEG_DAMAGED, "its rows cannot be skipped");

  // As many rows at a time as upsampling makes.
  JSAMPROW rows[MAX_SAMP_FACTOR];
  const int channels = info->output_components;
  const int is_direct = channels == 3 && left == box.left && right == box.left + box.width;
  const size_t row_bytes = 3 * (size_t)box.width;
  if (!is_direct) {
    const JSAMPARRAY scratch = info->mem->alloc_sarray(common, JPOOL_IMAGE, (JDIMENSION)((right - left) * channels),
                                                       MAX_SAMP_FACTOR);
    memcpy(rows, scratch, sizeof rows);
  }
  for (int y = 0; y < box.height;) {
    const int wanted = box.height - y < MAX_SAMP_FACTOR ? box.height - y : MAX_SAMP_FACTOR;
    uint8_t *target = rgb + row_bytes * (size_t)y;
    if (is_direct)
      for (int i = 0; i < wanted; i++) rows[i] = target + row_bytes * (size_t)i;
    const int count = (int)jpeg_read_scanlines(info, rows, (JDIMENSION)wanted);
    if (count == 0) fail_saying(common, CJPEG_DAMAGED, "no rows came out of the decoder");
    for (int i = 0; !is_direct && i < count; i++, target += row_bytes) {
      const JSAMPLE *source = rows[i] + (size_t)(box.left - left) * (size_t)channels;
      if (channels == 3)
        memcpy(target, source, row_bytes);
      else
        write_cmyk_as_rgb(source, box.width, target);
    }
    y += count;
  }
  // The arithmetic decoder takes zeros beyond the end and says nothing.
  if (info->arith_code && d->errors.ended) fail_saying(common, CJPEG_TRUNCATED, "it ends before its last row");

  if (!d->errors.strict || info->output_scanline < info->output_height) return;
  jpeg_finish_decompress(info);
  if (d->errors.ended) {
    d->errors.ended = 0;  // no row is missing
    fail_saying(common, CJPEG_DAMAGED, "it has no end marker");
  }
}

static void read_box(decoder *d, const uint8_t *bytes, size_t count, int eighths, cjpeg_box box, uint8_t *rgb) {
  if (setjmp(d->errors.jump) != 0) return;
  begin(d, bytes, count);
  decode(d, eighths, box, rgb);
}

cjpeg_result cjpeg_decode(const uint8_t *bytes, size_t count, int eighths, cjpeg_box box, int strict, uint8_t *rgb,
                          char *message) {
  decoder d;
  set_up(&d, strict, message);
  read_box(&d, bytes, count, eighths, box, rgb);
  jpeg_destroy_decompress(&d.info);
  return d.errors.result;
}

// ---- Encoding ------------------------------------------------------------------------------------------------------

typedef struct {
  struct jpeg_compress_struct info;
  struct jpeg_destination_mgr target;
  errors errors;
  uint8_t *bytes;
  size_t capacity;
} encoder;

static void grow(j_compress_ptr info) {
  encoder *e = info->client_data;
  const size_t capacity = e->capacity == 0 ? 1 << 16 : 2 * e->capacity;
  uint8_t *bytes = realloc(e->bytes, capacity);
  if (bytes == NULL) fail_saying((j_common_ptr)info, CJPEG_NO_MEMORY, "no memory for the encoded picture");
  e->target.next_output_byte = bytes + e->capacity;
  e->target.free_in_buffer = capacity - e->capacity;
  e->bytes = bytes;
  e->capacity = capacity;
}

// Called when the buffer is full to the last byte.
static boolean empty_output_buffer(j_compress_ptr info) {
  grow(info);
  return TRUE;
}

static void keep(j_compress_ptr info) { (void)info; }

static void encode(encoder *e, const uint8_t *rgb, int width, int height, int quality) {
  if (setjmp(e->errors.jump) != 0) return;
  const j_compress_ptr info = &e->info;
  info->err = &e->errors.library;
  jpeg_create_compress(info);
  info->client_data = e;
  e->target.init_destination = grow;
  e->target.empty_output_buffer = empty_output_buffer;
  e->target.term_destination = keep;
  info->dest = &e->target;
  info->image_width = (JDIMENSION)width;
  info->image_height = (JDIMENSION)height;
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  info->dct_method = JDCT_ISLOW;
  jpeg_start_compress(info, TRUE);
  for (int y = 0; y < height; y++) {
    // libjpeg only reads it, and has not heard of const.
    JSAMPROW row = (JSAMPROW)(uintptr_t)(rgb + 3 * (size_t)width * (size_t)y);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
}

cjpeg_result cjpeg_encode(const uint8_t *rgb, int width, int height, int quality, uint8_t **bytes, size_t *count,
                          char *message) {
  encoder e;
  memset(&e, 0, sizeof e);
  set_up_errors(&e.errors, 0, message);
  encode(&e, rgb, width, height, quality);
  jpeg_destroy_compress(&e.info);
  if (e.errors.result != CJPEG_OK) {
    free(e.bytes);
    return e.errors.result;
  }
  *bytes = e.bytes;
  *count = e.capacity - e.target.free_in_buffer;
  return CJPEG_OK;
}
