import Tensors

/// A 2-D convolution without bias (cross-correlation), weights [out, in, kernelSize, kernelSize].
public final class Convolution {
  public let weight: Parameter
  public let inChannels: Int
  public let outChannels: Int
  public let kernelSize: Int
  public let stride: Int
  public let padding: Int
  private let source: ConvolutionKernels
  private var kernels: [ConvolutionProblem: any ConvolutionKernel] = [:]

  public init(
    _ name: String, inChannels: Int, outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int,
    kernels: ConvolutionKernels = .auto
  ) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernelSize = kernelSize
    self.stride = stride
    self.padding = padding
    source = kernels
    weight = Parameter("\(name).weight", shape: [outChannels, inChannels, kernelSize, kernelSize])
  }

  /// ⌊(size + 2·padding − kernelSize) / stride⌋ + 1.
  public func outputSize(_ size: Int) -> Int { (size + 2 * padding - kernelSize) / stride + 1 }

  /// As with a map, from an input that may be made shard by shard.
  public func forward(_ input: ConvolutionInput, in pass: Pass) throws -> Tensor {
    let x = input.map
    let y = output(of: x, in: pass)
    let kernels = try shardKernels(x, .forward, in: pass)
    try pass.timed(.convolutionForward) { try run(kernels, input: input, output: y, in: pass) }
    return y
  }

  /// The output of `x`, not yet computed.
  func output(of x: Tensor, in pass: Pass) -> Tensor {
    Tensor(
      rows: x.rows, channels: outChannels, height: outputSize(x.height), width: outputSize(x.width),
      lanes: pass.lanes)
  }

  /// As with a map, for an input that may be made shard by shard.
  public func backward(
    _ dy: Tensor, input: ConvolutionInput, needsInputGradient: Bool = true, in pass: Pass
  ) throws -> Tensor? {
    let x = input.map
    let weightKernels = try shardKernels(x, .backwardWeights, in: pass)
    let isReady = try pass.timed(.convolutionBackwardWeights) {
      // Training has whole shards, so that their kernels are the same.
      let parts = weightKernels[0].parts(ofChannels: pass.partsOfShards(most: 4))
      let offsets = parts.reduce(into: [0]) { $0.append($0.last! + $1.kernel.packedCount) }
      let packed = try pass.sumOverShards(
        for: weight, count: weightKernels[0].packedCount, parts: parts.count
      ) { shard, number, leaf in
        let (rows, part) = (pass.rows(ofShard: shard), parts[number])
        try input.withRows(
          ShardRows(shard: shard, rows: rows), for: part.kernel, pieces: pass.shards * parts.count, in: pass
        ) { open, x in
          try part.kernel.run(
            open: open, input: x, weights: leaf + offsets[number],
            output: dy.row(rows.lowerBound) + part.outputOffset)
        }
      }
      if let packed {
        try pass.forEachPanels(of: weightKernels[0].panels) {
          try weightKernels[0].unpack(packed.pointer, into: weight.gradient, panels: $0)
        }
      }
      return packed != nil
    }
    if isReady { try pass.gradientIsReady(weight) }
    guard needsInputGradient else { return nil }

    let dx = x.makeSimilar()
    let dataKernels = try shardKernels(x, .backwardData, in: pass)
    try pass.timed(.convolutionBackwardData) { try run(dataKernels, input: .init(dx), output: dy, in: pass) }
    return dx
  }

  /// Runs every shard's kernel with the present weights; the direction decides which side is written.
  private func run(
    _ kernels: [any ConvolutionKernel], input: ConvolutionInput, output: Tensor, in pass: Pass
  ) throws {
    let weights = try packed(kernels, in: pass, count: { kernels[$0].packedCount }) { shard, packed in
      try pass.forEachPanels(of: kernels[shard].panels) {
        try kernels[shard].pack(weight.value, into: packed, panels: $0)
      }
    }
    try pass.forEachRun(of: kernels) { run, runs in
      try input.withRows(run.piece, for: run.kernel, pieces: runs, in: pass) { open, x in
        try run.kernel.run(
          open: open, input: x, weights: weights(run.piece.shard).pointer, output: output.row(run.first))
      }
    }
  }

  /// The present weights as each shard's kernel wants them: one for a short last shard may want another layout.
  func packed(
    _ kernels: [any ConvolutionKernel], in pass: Pass, count: (_ shard: Int) -> Int,
    _ pack: (_ shard: Int, UnsafeMutablePointer<Float>) throws -> Void
  ) throws -> (_ shard: Int) -> Storage {
    let packed = try pass.packed(weight, for: kernels[0], count: count(0)) { try pack(0, $0) }
    let last = kernels.count - 1
    guard kernels[last] !== kernels[0] else { return { _ in packed } }
    let packedForLast = BufferPool.working.take(count: count(last))
    try pack(last, packedForLast.pointer)
    return { $0 == last ? packedForLast : packed }
  }

  /// The kernel of every shard; all but a short last one are the same.
  func shardKernels(
    _ x: Tensor, _ direction: Direction, in pass: Pass
  ) throws -> [any ConvolutionKernel] {
    precondition(x.channels == inChannels, "\(weight.name) takes \(inChannels) channels, got \(x.channels)")
    return try (0..<pass.shards).map { shard in
      let shape = shape(rows: pass.rows(ofShard: shard).count, height: x.height, width: x.width)
      return try kernel(for: .init(shape, direction, inLanes: x.lanes, lanes: pass.lanes))
    }
  }

  private func kernel(for problem: ConvolutionProblem) throws -> any ConvolutionKernel {
    if let kernel = kernels[problem] { return kernel }
    let kernel = try source.makeKernel(for: problem)
    kernels[problem] = kernel
    return kernel
  }

  /// This convolution of a shard.
  ///
  /// - Parameters:
  ///   - rows: Of the shard, all views.
  ///   - height: Of the input, like `width`.
  public func shape(rows: Int, height: Int, width: Int) -> ConvolutionShape {
    ConvolutionShape(
      rows: rows, inChannels: inChannels, height: height, width: width, outChannels: outChannels,
      kernelSize: kernelSize, stride: stride, padding: padding)
  }

  /// What a shard's kernel needs besides its maps, in floats, as its backend states it for this processor: the
  /// weights (or their gradient) in its layout, and working memory for each thread.
  ///
  /// - Parameters:
  ///   - rows: Of the shard, all views.
  ///   - size: Height and width of the input.
  ///   - takesImages: Whether the input has three channels that are not in blocks.
  /// - Throws: `LayerError.convolution` where there is no kernel for the shape.
  public func workspace(
    _ direction: Direction, rows: Int, size: Int, takesImages: Bool
  ) throws -> (packedWeights: Int, scratch: Int) {
    let shape = shape(rows: rows, height: size, width: size)
    let kernel = try kernel(
      for: .init(shape, direction, inLanes: takesImages ? 1 : Pass.preferredLanes))
    return (kernel.packedCount, kernel.scratchCount)
  }
}
