import Layers
import Tensors

/// A network that turns images into features, which training, evaluation and reports know by this alone.
public protocol Backbone: AnyObject {
  /// Its convolutions and gates in numbers.
  var blueprint: Blueprint { get }
  /// In the order of the forward pass; backward completes their gradients from the end.
  var parameters: [Parameter] { get }
  var batchNorms: [BatchNorm] { get }
  /// In the blueprint's order.
  var gates: [ChannelGate] { get }
  /// Those at the blueprint's sites, in their order.
  var convolutions: [Convolution] { get }

  /// Features `[rows, D]` of images `[rows, 3, H, W]` (NCHW), and what each gate decided.
  ///
  /// - Parameter observe: Called after every block with its number and the means over pixels of its output,
  ///   `[rows, channels]`.
  func forward(
    _ images: Tensor, in pass: Pass, observe: (_ block: Int, _ means: Tensor) -> Void
  ) throws -> (features: Tensor, gates: [GateRecord])

  /// Sets the gradients of all parameters from that of the features.
  ///
  /// - Parameter maskGradients: What budget and bound losses add to the gradient of each gate's mask; empty: nothing.
  func backward(_ dfeatures: Tensor, maskGradients: [MaskGradient], in pass: Pass) throws
}

extension Backbone {
  /// Features `[rows, D]` of images `[rows, 3, H, W]` (NCHW), and what each gate decided.
  public func forward(_ images: Tensor, in pass: Pass) throws -> (features: Tensor, gates: [GateRecord]) {
    try forward(images, in: pass) { _, _ in }
  }
}
