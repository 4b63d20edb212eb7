import COneDNN
import Tensors

/// A 2-D convolution without bias (cross-correlation), weights [out, in, kernel, kernel].
public final class Convolution {
  public let weight: Parameter
  public let inChannels: Int
  public let outChannels: Int
  public let kernel: Int
  public let stride: Int
  public let padding: Int
  private let kernels: ConvolutionKernels

  private struct PlanKey: Hashable {
    let images: Int
    let height: Int
    let width: Int
    let inLanes: Int
    let lanes: Int
    let direction: UInt32
  }
  private var plans: [PlanKey: ConvolutionPlan] = [:]

  public init(
    _ name: String, inChannels: Int, outChannels: Int, kernel: Int, stride: Int = 1, padding: Int,
    kernels: ConvolutionKernels = .auto
  ) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.kernels = kernels
    weight = Parameter("\(name).weight", shape: [outChannels, inChannels, kernel, kernel])
  }

  /// ⌊(size + 2·padding − kernel) / stride⌋ + 1.
  public func outputSize(_ size: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }

  /// - Parameter x: NCHW or blocked, `[rows, in, H, W]`.
  /// - Returns: Blocked, `[rows, out, H', W']`.
  public func forward(_ x: Tensor, in pass: Pass) throws -> Tensor {
    let y = Tensor(
      images: x.images, channels: outChannels, height: outputSize(x.height), width: outputSize(x.width),
      lanes: pass.lanes)
    let plans = try shardPlans(x, ONEDNN_FORWARD, in: pass)
    try pass.timed(.convolutionForward) { try run(plans, input: x, output: y, in: pass) }
    return y
  }

  /// Sets the weight's gradient from this rank's rows.
  ///
  /// - Parameters:
  ///   - x: What forward was given.
  ///   - needsInputGradient: False for the first layer, whose input is the image.
  /// - Returns: ∂L/∂x, or nil.
  public func backward(
    _ dy: Tensor, input x: Tensor, needsInputGradient: Bool = true, in pass: Pass
  ) throws -> Tensor? {
    let weightPlans = try shardPlans(x, ONEDNN_BACKWARD_WEIGHTS, in: pass)
    let isReady = try pass.timed(.convolutionBackwardWeights) {
      let packed = try pass.sumOverShards(for: weight, count: weightPlans[0].weightsCount) { shard, leaf in
        let first = pass.rows(ofShard: shard).lowerBound
        try weightPlans[shard].run(
          input: x.row(first), weights: leaf, output: dy.row(first))
      }
      if let packed { try weightPlans[0].unpack(packed, into: weight.gradient) }
      return packed != nil
    }
    if isReady { try pass.gradientIsReady(weight) }
    guard needsInputGradient else { return nil }

    let dx = x.makeSimilar()
    let dataPlans = try shardPlans(x, ONEDNN_BACKWARD_DATA, in: pass)
    try pass.timed(.convolutionBackwardData) { try run(dataPlans, input: dx, output: dy, in: pass) }
    return dx
  }

  /// Runs every shard's plan with the present weights; the direction decides which side is written.
  private func run(
    _ plans: [ConvolutionPlan], input: Tensor, output: Tensor, in pass: Pass
  ) throws {
    // oneDNN may want another layout of the weights for a short last shard.
    let packed = try plans[0].pack(weight.value)
    let last = plans[plans.count - 1]
    let packedForLast = last === plans[0] ? packed : try last.pack(weight.value)
    try pass.forEachShard { shard in
      let first = pass.rows(ofShard: shard).lowerBound
      let weights = plans[shard] === last ? packedForLast : packed
      try plans[shard].run(
        input: input.row(first), weights: weights.pointer, output: output.row(first))
    }
  }

  /// The plan of every shard; all but a short last one are the same.
  private func shardPlans(
    _ x: Tensor, _ direction: onednn_direction, in pass: Pass
  ) throws -> [ConvolutionPlan] {
    precondition(x.channels == inChannels, "\(weight.name) takes \(inChannels) channels, got \(x.channels)")
    return try (0..<pass.shards).map { shard in
      try plan(
        images: pass.rows(ofShard: shard).count, height: x.height, width: x.width, inLanes: x.lanes,
        lanes: pass.lanes, direction)
    }
  }

  private func plan(
    images: Int, height: Int, width: Int, inLanes: Int, lanes: Int, _ direction: onednn_direction
  ) throws -> ConvolutionPlan {
    let key = PlanKey(
      images: images, height: height, width: width, inLanes: inLanes, lanes: lanes,
      direction: direction.rawValue)
    if let plan = plans[key] { return plan }
    let shape = onednn_shape(
      images: Int32(images), in_channels: Int32(inChannels), in_height: Int32(height),
      in_width: Int32(width), out_channels: Int32(outChannels), kernel: Int32(kernel),
      stride: Int32(stride), padding: Int32(padding), in_lanes: Int32(inLanes), lanes: Int32(lanes))
    let plan = try ConvolutionPlan(shape, direction, winograd: winogradWins)
    plans[key] = plan
    return plan
  }

  /// One of the three computations of a convolution.
  public enum Direction: CaseIterable, Sendable {
    case forward, backwardData, backwardWeights

    fileprivate var code: onednn_direction {
      switch self {
      case .forward: ONEDNN_FORWARD
      case .backwardData: ONEDNN_BACKWARD_DATA
      case .backwardWeights: ONEDNN_BACKWARD_WEIGHTS
      }
    }
  }

  /// What a shard's kernel needs besides its maps, in floats, as oneDNN states it for this processor:
  /// the weights (or their gradient) in its layout, and working memory for each thread.
  ///
  /// - Parameters:
  ///   - rows: Of the shard, all views.
  ///   - size: Height and width of the input.
  ///   - takesImages: Whether the input has three channels that are not in blocks.
  /// - Throws: `LayerError.convolution` where oneDNN has no kernel for the shape.
  public func workspace(
    _ direction: Direction, rows: Int, size: Int, takesImages: Bool
  ) throws -> (packedWeights: Int, scratch: Int) {
    let plan = try plan(
      images: rows, height: size, width: size, inLanes: takesImages ? 1 : Pass.preferredLanes,
      lanes: Pass.preferredLanes, direction.code)
    return (plan.weightsCount, plan.scratchCount)
  }

  private var winogradWins: Bool { kernels == .auto && kernel == 3 && stride == 1 }
}
