// Direct convolutions: the numbers that a chunk of outputs takes are gathered in a matrix, which the weights multiply.
// Gathering costs a load and a store where the product has as many multiply-adds as there are output channels, and in
// return borders, strides and phases are nothing that the product knows of. Part of a body.

// Which outputs a chunk has.
struct Outputs {
  int count;
  int row[MAXIMAL_OUTPUTS], y[MAXIMAL_OUTPUTS], x[MAXIMAL_OUTPUTS];  // indices along the lines

  Outputs(const Gather &gather, int first, int count) : count(count) {
    const int across = gather.horizontal.count, in_row = gather.outputs();
    for (int i = 0; i < count; i++) {
      row[i] = (first + i) / in_row;
      y[i] = (first + i) % in_row / across;
      x[i] = (first + i) % across;
    }
  }
};

static void gather_blocks(const Gather &gather, const Outputs &outputs, const float *from, Blocks out) {
  const Map &map = gather.map;
  for (int v = 0, tap = 0; v < gather.vertical.taps; v++) {
    for (int h = 0; h < gather.horizontal.taps; h++, tap++) {
      ptrdiff_t places[MAXIMAL_OUTPUTS];
      for (int i = 0; i < outputs.count; i++) {
        const int y = gather.vertical.source(outputs.y[i], v), x = gather.horizontal.source(outputs.x[i], h);
        const bool inside = y >= 0 && y < map.height && x >= 0 && x < map.width;
        places[i] = inside ? (ptrdiff_t)(outputs.row[i] * map.row_stride() + ((size_t)y * map.width + x) * map.lanes) : -1;
      }
      const Blocks group = {out.block(tap * blocks_of(map.channels, 16)), out.stride};
      for (int part = 0; part < parts_of(map); part++) {
        const float *const numbers = from + part_offset(map, part);
        float *const place = part_in(group, part);
        for (int i = 0; i < outputs.count; i++) {
          store(place + 16 * i, load(places[i] < 0 ? zeros : numbers + places[i]));
        }
      }
    }
  }
}

// Images in NCHW, through a copy of each with its padding.
struct PaddedImage {
  const Map map;
  const int padding, height, width;
  float *const pixels;
  int row = -1;

  PaddedImage(const Map &map, int padding, float *pixels)
      : map(map), padding(padding), height(map.height + 2 * padding), width(map.width + 2 * padding), pixels(pixels) {}

  void copy(const float *images, int index) {
    if (index == row) return;
    row = index;
    const float *image = images + index * map.row_stride();
    float *to = pixels;
    for (int c = 0; c < map.channels; c++) {
      for (int y = 0; y < height; y++) {
        const bool inside = y >= padding && y < height - padding;
        for (int x = 0; x < width; x++) *to++ = inside && x >= padding && x < width - padding ? *image++ : 0;
      }
    }
  }
};

enum { AT_ONCE = 16 };  // outputs whose numbers lie in lines before they go into blocks

// The taps of a line are neighbours: eight at a time are copied, of which the next line overwrites what is too much.
static void gather_image(const Gather &gather, const Outputs &outputs, const float *images, PaddedImage &image,
                         float *lines, Blocks out) {
  const int inner = gather.inner(), taps = gather.horizontal.taps;
  const size_t line = inner + 16;
  for (int first = 0; first < outputs.count; first += AT_ONCE) {
    const int count = outputs.count - first < AT_ONCE ? outputs.count - first : AT_ONCE;
    for (int i = 0; i < count; i++) {
      image.copy(images, outputs.row[first + i]);
      const int y = gather.vertical.source_step * outputs.y[first + i];
      const int x = gather.horizontal.source_step * outputs.x[first + i];
      float *numbers = lines + i * line;
      for (int c = 0; c < image.map.channels; c++) {
        for (int v = 0; v < gather.vertical.taps; v++, numbers += taps) {
          const float *const pixels = image.pixels + ((size_t)c * image.height + y + v) * image.width + x;
          for (int h = 0; h < taps; h += 8) __builtin_memcpy(numbers + h, pixels + h, 8 * sizeof(float));
        }
      }
    }
    for (int i = 0; i < count; i++) {
      for (int start = 0; start < inner; start += WIDTH) {
        store(part_in(out, start / WIDTH) + 16 * (first + i), load(lines + i * line + start));
      }
    }
  }
}

// The memory of a gather.
struct Gathered {
  const Gather &gather;
  Blocks numbers;
  PaddedImage image;
  float *lines;

  Gathered(const Gather &gather, int padding, int chunk, Scratch &memory)
      : gather(gather), numbers{memory.take(gather.blocks() * block_stride(chunk)), block_stride(chunk)},
        image(gather.map, padding, gather.map.lanes == 1 ? memory.take(padded_count(gather.map, padding)) : nullptr),
        lines(gather.map.lanes == 1 ? memory.take(lines_count(gather)) : nullptr) {}

  void take(const Outputs &outputs, const float *from) {
    if (gather.map.lanes == 1) {
      gather_image(gather, outputs, from, image, lines, numbers);
    } else {
      gather_blocks(gather, outputs, from, numbers);
    }
  }
};

static void scatter(const Gather &gather, const Outputs &outputs, const Map &map, Blocks products, float *to) {
  size_t places[MAXIMAL_OUTPUTS];
  for (int i = 0; i < outputs.count; i++) {
    const size_t pixel =
        (size_t)gather.vertical.output(outputs.y[i]) * map.width + gather.horizontal.output(outputs.x[i]);
    places[i] = outputs.row[i] * map.row_stride() + pixel * map.lanes;
  }
  for (int part = 0; part < parts_of(map); part++) {
    const float *const numbers = part_in(products, part);
    float *const place = to + part_offset(map, part);
    for (int i = 0; i < outputs.count; i++) store(place + places[i], load(numbers + 16 * i));
  }
}

static void direct_run(const convolutions_problem &problem, const float *from, float *weights, float *to,
                       float *scratch) {
  const DirectPlan plan(problem);
  const int chunk = plan.chunk();
  for (int v = 0; v < plan.phases; v++) {
    for (int h = 0; h < plan.phases; h++) {
      const Gather gather = plan.phase(v, h);
      Scratch memory = {scratch};
      Gathered gathered(gather, problem.padding, chunk, memory);
      const Blocks products = {memory.take(plan.panels() * block_stride(chunk)), block_stride(chunk)};
      const int outputs = problem.rows * gather.outputs();
      for (int first = 0; first < outputs; first += chunk) {
        const Outputs some(gather, first, outputs - first < chunk ? outputs - first : chunk);
        gathered.take(some, from);
        multiply(some.count, plan.panels(), Inner{gather.groups(), gather.channels()}, gathered.numbers,
                 {weights, (size_t)gather.inner() * 16}, products);
        scatter(gather, some, plan.to, products, to);
      }
      weights += plan.phase_weights(gather);
    }
  }
}

// Adds Σ numbers ⊗ gradients over a chunk, for P panels.
template <int R, int P>
static void add_outer(int rows, const float *numbers, Blocks gradients, float *out, size_t out_panel) {
  Vector sums[R][P * PARTS];
  outer_some<R, P>(rows, numbers, gradients, sums);
  UNROLL
  for (int r = 0; r < R; r++) {
    UNROLL
    for (int i = 0; i < P * PARTS; i++) {
      float *const place = out + i / PARTS * out_panel + 16 * r + i % PARTS * WIDTH;
      store(place, load(place) + sums[r][i]);
    }
  }
}

template <int P>
static void add_outer_of_panels(const Gather &gather, int rows, Blocks numbers, Blocks gradients, float *out,
                                size_t out_panel) {
  const int blocks_in_group = blocks_of(gather.channels(), 16);
  for (int block = 0; block < gather.blocks(); block++) {
    const int channels = gather.channels() - block % blocks_in_group * 16;
#define ADD(R, START)                                                                                  \
  if (START < channels)                                                                                \
  add_outer<R, P>(rows, numbers.block(block) + START, gradients, out + (block * 16 + START) * 16, out_panel)
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

static void direct_run_weights(const convolutions_problem &problem, const float *input, float *weights,
                               const float *gradient, float *scratch) {
  const DirectPlan plan(problem);
  const int chunk = plan.chunk();
  const Gather gather = plan.phase(0, 0);
  const Gather own = {plan.to, Line::identity(plan.to.height), Line::identity(plan.to.width)};
  Scratch memory = {scratch};
  Gathered gathered(gather, problem.padding, chunk, memory);
  const Blocks gradients = {memory.take(plan.panels() * block_stride(chunk)), block_stride(chunk)};
  const size_t panel_count = plan.gradient_panel(gather), count = plan.panels() * panel_count;
  for (size_t i = 0; i < count; i++) weights[i] = 0;
  const int outputs = problem.rows * gather.outputs();
  for (int first = 0; first < outputs; first += chunk) {
    const Outputs some(gather, first, outputs - first < chunk ? outputs - first : chunk);
    gathered.take(some, input);
    gather_blocks(own, some, gradient, gradients);
    int panel = 0;
    for (; panel + PANELS <= plan.panels(); panel += PANELS) {
      add_outer_of_panels<PANELS>(gather, some.count, gathered.numbers, {gradients.block(panel), gradients.stride},
                                  weights + panel * panel_count, panel_count);
    }
    for (; panel < plan.panels(); panel++) {
      add_outer_of_panels<1>(gather, some.count, gathered.numbers, {gradients.block(panel), gradients.stride},
                             weights + panel * panel_count, panel_count);
    }
  }
}
