// Direct convolutions: the numbers that a chunk of outputs takes are gathered in a matrix, which the weights multiply.
// Gathering costs a load and a store where the product has as many multiply-adds as there are output channels, and in
// return borders, strides and phases are nothing that the product knows of. Part of a body.

// Which outputs a chunk has.
struct Outputs {
  int count;
  int row[MAXIMAL_OUTPUTS], y[MAXIMAL_OUTPUTS], x[MAXIMAL_OUTPUTS];  // indices along the lines

  Outputs(const Gather &gather, int first, int count) : count(count) {
    const int across = gather.horizontal.count, down = gather.vertical.count;
    int n = first / (across * down), i = first / across % down, j = first % across;
    for (int output = 0; output < count; output++) {
      row[output] = n, y[output] = i, x[output] = j;
      if (++j < across) continue;
      j = 0;
      if (++i < down) continue;
      i = 0;
      n++;
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
    if (row < 0) memset(pixels, 0, padded_count(map, padding) * sizeof *pixels);
    row = index;
    const float *line = images + index * map.row_stride();
    for (int c = 0; c < map.channels; c++) {
      float *to = pixels + ((size_t)c * height + padding) * width + padding;
      for (int y = 0; y < map.height; y++, to += width, line += map.width) memcpy(to, line, map.width * sizeof *to);
    }
  }
};

// Runs of outputs that lie in a line of an image take runs of pixels, for every tap and channel.
static void gather_image(const Gather &gather, const Outputs &outputs, const float *images, PaddedImage &image,
                         float *out) {
  const int stride = gather.horizontal.source_step;
  for (int first = 0, count; first < outputs.count; first += count) {
    const int left = outputs.count - first, in_line = gather.horizontal.count - outputs.x[first];
    count = left < in_line ? left : in_line;
    image.copy(images, outputs.row[first]);
    const float *const start =
        image.pixels + (size_t)gather.vertical.source_step * outputs.y[first] * image.width + stride * outputs.x[first];
    float *to = out + first;
    for (int c = 0; c < image.map.channels; c++) {
      for (int v = 0; v < gather.vertical.taps; v++) {
        const float *const line = start + ((size_t)c * image.height + v) * image.width;
        for (int h = 0; h < gather.horizontal.taps; h++, to += IMAGE_CHUNK) {
          if (stride == 1) {
            for (int i = 0; i < count; i++) to[i] = line[h + i];
          } else if (stride == 2) {
            for (int i = 0; i < count; i++) to[i] = line[h + 2 * i];
          } else {
            for (int i = 0; i < count; i++) to[i] = line[h + stride * i];
          }
        }
      }
    }
  }
}

// The memory of a gather.
struct Gathered {
  const Gather &gather;
  Blocks numbers;
  PaddedImage image;

  Gathered(const Gather &gather, int padding, int chunk, Scratch &memory)
      : gather(gather), numbers{memory.take(gather.blocks() * block_stride(chunk)), block_stride(chunk)},
        image(gather.map, padding, is_image() ? memory.take(padded_count(gather.map, padding)) : nullptr) {
    if (is_image()) numbers.stride = 16 * IMAGE_CHUNK;
  }

  bool is_image() const { return gather.map.lanes == 1; }

  void take(const Outputs &outputs, const float *from) {
    if (is_image()) {
      gather_image(gather, outputs, from, image, numbers.start);
    } else {
      gather_blocks(gather, outputs, from, numbers);
    }
  }

  // Times the weights.
  void multiply_by(Blocks weights, int panels, int outputs, Results results) const {
    const Inner inner = {gather.groups(), gather.channels()};
    if (is_image()) {
      multiply<Pixels>(outputs, panels, inner, numbers, weights, results);
    } else {
      multiply<Channels>(outputs, panels, inner, numbers, weights, results);
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

// Whether outputs that follow one another in a map of whole blocks are that map's pixels, so that products can be written
// to their places. Small maps are scattered: products of several at a time are faster.
static bool is_in_place(const Gather &gather, const Map &map, int chunk) {
  const bool whole = map.lanes == 16 || map.blocks() % 2 == 0;
  return whole && gather.horizontal.step == 1 && gather.vertical.step == 1 && gather.outputs() >= chunk;
}

static Results results_in(const Map &map, const Outputs &outputs, float *to) {
  const size_t pixel = (size_t)outputs.y[0] * map.width + outputs.x[0], plane = map.pixels() * map.lanes;
  float *const start = to + outputs.row[0] * map.row_stride() + pixel * map.lanes;
  return {start, 16 / map.lanes * plane, map.lanes == 16 ? 8 : plane, map.lanes};
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
      const Blocks panels = {weights, (size_t)gather.inner() * 16};
      const bool in_place = is_in_place(gather, plan.to, chunk);
      const int outputs = problem.rows * gather.outputs();
      for (int first = 0, count; first < outputs; first += count) {
        const int left = in_place ? gather.outputs() - first % gather.outputs() : outputs - first;
        count = left < chunk ? left : chunk;
        const Outputs some(gather, first, count);
        gathered.take(some, from);
        if (in_place) {
          gathered.multiply_by(panels, plan.panels(), count, results_in(plan.to, some, to));
        } else {
          gathered.multiply_by(panels, plan.panels(), count, products);
          scatter(gather, some, plan.to, products, to);
        }
      }
      weights += plan.phase_weights(gather);
    }
  }
}

// Adds Σ numbers ⊗ gradients over a chunk, for P panels.
template <class Layout, int R, int P>
static void add_outer(int rows, const float *numbers, Blocks gradients, float *out, size_t out_panel) {
  Vector sums[R][P * PARTS];
  outer_some<Layout, R, P>(rows, numbers, gradients, sums);
  UNROLL
  for (int r = 0; r < R; r++) {
    UNROLL
    for (int i = 0; i < P * PARTS; i++) {
      float *const place = out + i / PARTS * out_panel + 16 * r + i % PARTS * WIDTH;
      store(place, load(place) + sums[r][i]);
    }
  }
}

template <class Layout, int P>
static void add_outer_of_panels(const Gather &gather, int rows, Blocks numbers, Blocks gradients, float *out,
                                size_t out_panel) {
  const int blocks_in_group = blocks_of(gather.channels(), 16);
  for (int block = 0; block < gather.blocks(); block++) {
    const int channels = gather.channels() - block % blocks_in_group * 16;
#define ADD(R, START)                                                                                  \
  if (START < channels)                                                                                \
  add_outer<Layout, R, P>(rows, numbers.block(block) + Layout::COLUMN * START, gradients,              \
                          out + (block * 16 + START) * 16, out_panel)
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

template <class Layout>
static void add_outer_of_all(const DirectPlan &plan, const Gather &gather, int rows, Blocks numbers, Blocks gradients,
                             float *weights) {
  const size_t count = plan.gradient_panel(gather);
  for (int panel = 0; panel < plan.panels();) {
    const Blocks own = {gradients.block(panel), gradients.stride};
    if (panel + PANELS <= plan.panels()) {
      add_outer_of_panels<Layout, PANELS>(gather, rows, numbers, own, weights + panel * count, count);
      panel += PANELS;
    } else {
      add_outer_of_panels<Layout, 1>(gather, rows, numbers, own, weights + panel * count, count);
      panel++;
    }
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
  memset(weights, 0, plan.panels() * plan.gradient_panel(gather) * sizeof *weights);
  const int outputs = problem.rows * gather.outputs();
  for (int first = 0; first < outputs; first += chunk) {
    const Outputs some(gather, first, outputs - first < chunk ? outputs - first : chunk);
    gathered.take(some, input);
    gather_blocks(own, some, gradient, gradients);
    if (gathered.is_image()) {
      add_outer_of_all<Pixels>(plan, gather, some.count, gathered.numbers, gradients, weights);
    } else {
      add_outer_of_all<Channels>(plan, gather, some.count, gathered.numbers, gradients, weights);
    }
  }
}
