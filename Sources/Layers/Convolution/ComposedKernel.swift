import CVector
import Tensors

/// A kernel and what follows it, one after the other while the numbers are in the cache: for backends and shapes that have
/// no fused code.
struct ComposedKernel: FusedKernel {
  let kernel: any ConvolutionKernel
  /// Of the output.
  let map: vector_map
  let channels: Int

  func packedCount(selects: Bool) -> Int { kernel.packedCount }

  var scratchCount: Int { kernel.scratchCount }

  var panels: Int { kernel.panels }

  func pack(
    _ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>,
    selects: Bool
  ) throws {
    try kernel.pack(weights, into: packed, panels: panels)
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
    } else {
      vector_normalize(map, x, operands.scale, operands.shift, 1, operands.mask, y, Int32(channels), nil)
      operands.openOutputs?.openAll(channels, of: map)
    }
  }
}

extension UnsafeMutablePointer<Float> {
  /// Marks all channels of a map as open, `[rows, channels]` in whole blocks.
  func openAll(_ channels: Int, of map: vector_map) {
    let width = Int(map.blocks * map.lanes)
    for index in 0..<Int(map.images) * width { self[index] = index % width < channels ? 1 : 0 }
  }
}
