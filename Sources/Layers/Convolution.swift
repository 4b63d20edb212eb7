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
    let shape: ConvolutionShape
    let inLanes: Int
    let lanes: Int
    let direction: Direction
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

  /// As with a map, from an input that may be made shard by shard.
  public func forward(_ input: ConvolutionInput, in pass: Pass) throws -> Tensor {
    let x = input.map
    let y = Tensor(
      rows: x.rows, channels: outChannels, height: outputSize(x.height), width: outputSize(x.width),
      lanes: pass.lanes)
    let plans = try shardPlans(x, .forward, in: pass)
    try pass.timed(.convolutionForward) { try run(plans, input: input, output: y, in: pass) }
    return y
  }

  /// As with a map, for an input that may be made shard by shard.
  public func backward(
    _ dy: Tensor, input: ConvolutionInput, needsInputGradient: Bool = true, in pass: Pass
  ) throws -> Tensor? {
    let x = input.map
    let weightPlans = try shardPlans(x, .backwardWeights, in: pass)
    let isReady = try pass.timed(.convolutionBackwardWeights) {
      let packed = try pass.sumOverShards(for: weight, count: weightPlans[0].weightsCount) { shard, leaf in
        let first = pass.rows(ofShard: shard).lowerBound
        try input.withShard(shard, in: pass) { x in
          try weightPlans[shard].run(input: x, weights: leaf, output: dy.row(first))
        }
      }
      if let packed { try weightPlans[0].unpack(packed, into: weight.gradient) }
      return packed != nil
    }
    if isReady { try pass.gradientIsReady(weight) }
    guard needsInputGradient else { return nil }

    let dx = x.makeSimilar()
    let dataPlans = try shardPlans(x, .backwardData, in: pass)
    try pass.timed(.convolutionBackwardData) { try run(dataPlans, input: .init(dx), output: dy, in: pass) }
    return dx
  }

  /// Runs every shard's plan with the present weights; the direction decides which side is written.
  private func run(
    _ plans: [ConvolutionPlan], input: ConvolutionInput, output: Tensor, in pass: Pass
  ) throws {
    // oneDNN may want another layout of the weights for a short last shard.
    let packed = try plans[0].pack(weight.value)
    let last = plans[plans.count - 1]
    let packedForLast = last === plans[0] ? packed : try last.pack(weight.value)
    try pass.forEachShard { shard in
      let first = pass.rows(ofShard: shard).lowerBound
      let weights = plans[shard] === last ? packedForLast : packed
      try input.withShard(shard, in: pass) { x in
        try plans[shard].run(input: x, weights: weights.pointer, output: output.row(first))
      }
    }
  }

  /// The plan of every shard; all but a short last one are the same.
  private func shardPlans(
    _ x: Tensor, _ direction: Direction, in pass: Pass
  ) throws -> [ConvolutionPlan] {
    precondition(x.channels == inChannels, "\(weight.name) takes \(inChannels) channels, got \(x.channels)")
    return try (0..<pass.shards).map { shard in
      try plan(
        shape(rows: pass.rows(ofShard: shard).count, height: x.height, width: x.width), inLanes: x.lanes,
        lanes: pass.lanes, direction)
    }
  }

  private func plan(
    _ shape: ConvolutionShape, inLanes: Int, lanes: Int, _ direction: Direction
  ) throws -> ConvolutionPlan {
    let key = PlanKey(shape: shape, inLanes: inLanes, lanes: lanes, direction: direction)
    if let plan = plans[key] { return plan }
    let algorithm = kernels.algorithm(for: shape, direction, blockedBy: min(inLanes, lanes))
    let plan = try ConvolutionPlan(shape, direction, algorithm, inLanes: inLanes, lanes: lanes)
    plans[key] = plan
    return plan
  }

  /// This convolution of a shard.
  ///
  /// - Parameters:
  ///   - rows: Of the shard, all views.
  ///   - height: Of the input, like `width`.
  public func shape(rows: Int, height: Int, width: Int) -> ConvolutionShape {
    ConvolutionShape(
      rows: rows, inChannels: inChannels, height: height, width: width, outChannels: outChannels,
      kernel: kernel, stride: stride, padding: padding)
  }

  /// One of the three computations of a convolution.
  public enum Direction: String, CaseIterable, Sendable {
    case forward
    case backwardData = "backward_data"
    case backwardWeights = "backward_weights"

    var code: onednn_direction {
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
      shape(rows: rows, height: size, width: size), inLanes: takesImages ? 1 : Pass.preferredLanes,
      lanes: Pass.preferredLanes, direction)
    return (plan.weightsCount, plan.scratchCount)
  }
}
