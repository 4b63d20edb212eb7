extension Convolution {
  /// One of the three computations of a convolution.
  public enum Direction: String, CaseIterable, Sendable {
    case forward
    case backwardData = "backward_data"
    case backwardWeights = "backward_weights"
  }
}

/// What a kernel is made for: a shard's convolution in one direction, and how its maps lie in memory.
public struct ConvolutionProblem: Hashable, Sendable, CustomStringConvertible {
  public let shape: ConvolutionShape
  public let direction: Convolution.Direction
  /// Channels in a block of the input's layout (and its gradient's), 1 for images in NCHW.
  public let inLanes: Int
  /// Of the output's layout.
  public let lanes: Int

  public init(
    _ shape: ConvolutionShape, _ direction: Convolution.Direction, inLanes: Int = Pass.preferredLanes,
    lanes: Int = Pass.preferredLanes
  ) {
    self.shape = shape
    self.direction = direction
    self.inLanes = inLanes
    self.lanes = lanes
  }

  public var description: String { "\(direction.rawValue) of \(shape)" }
}
