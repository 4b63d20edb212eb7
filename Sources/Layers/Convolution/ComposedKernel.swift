import CVector
import Tensors

/// A kernel and what follows it, one after the other while the numbers are in the cache: for backends and shapes that have
/// no fused code.
struct ComposedKernel: FusedKernel {
  let kernel: any ConvolutionKernel
  /// Of the output.
  let map: vector_map
  let channels: Int
  /// What takes the output; nil: nothing that could do with open channels alone.
  let next: (any ConvolutionKernel)?

  func packedCount(selects: Bool) -> Int { kernel.packedCount }

  var scratchCount: Int { kernel.scratchCount }

  func pack(_ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, selects: Bool) throws {
    try kernel.pack(weights, into: packed)
  }

  func run(_ operands: FusedOperands, scratch: UnsafeMutablePointer<Float>) throws {
    let width = Int(map.blocks * map.lanes)
    let product = BufferPool.working.take(count: Int(map.images) * width * Int(map.pixels))
    try kernel.run(
      ConvolutionOperands(
        open: operands.open, input: operands.input, weights: operands.weights, output: product.pointer),
      scratch: scratch)
    let (x, y) = (product.pointer, operands.output)
    if let added = operands.added {
      vector_normalize_add(
        map, x, operands.scale, operands.shift, added, operands.addedScale, operands.addedShift, y,
        Int32(channels),
        nil)
    } else if let mask = operands.mask, let open = operands.openOutputs, leavesOut(mask) {
      vector_normalize_open(map, x, operands.scale, operands.shift, mask, y)
      open.update(from: mask, count: Int(map.images) * width)
    } else {
      vector_normalize(map, x, operands.scale, operands.shift, 1, operands.mask, y, Int32(channels), nil)
      operands.openOutputs?.openAll(channels, of: map)
    }
  }

  /// Whether the next convolution is faster without closed channels. It decides no bit.
  private func leavesOut(_ mask: UnsafePointer<Float>) -> Bool {
    let open = vector_count_positive(Int(map.images * map.blocks * map.lanes), mask)
    return next?.skipsClosedChannels(atDensity: Double(open) / Double(Int(map.images) * channels)) ?? false
  }
}

extension UnsafeMutablePointer<Float> {
  /// Marks all channels of a map as open, `[rows, channels]` in whole blocks.
  func openAll(_ channels: Int, of map: vector_map) {
    let width = Int(map.blocks * map.lanes)
    for index in 0..<Int(map.images) * width { self[index] = index % width < channels ? 1 : 0 }
  }
}
