import Tensors

/// One learned tensor: its value, its gradient and how it may change.
public final class Parameter {
  /// The name in checkpoints (contract C8), for example `layer1.0.conv1.weight`.
  public let name: String
  /// Sizes in torchvision's layout: convolutions [out, in, kernel, kernel], linear layers [out, in].
  public let shape: [Int]
  /// Whether weight decay applies; gates' parameters have none [K].
  public let decays: Bool
  /// Whether training changes it; SimSiam's last projector bias stays as it was drawn [X].
  public let isTrainable: Bool

  /// Which of its weights remain, where it has been pruned: the others are zero and stay it. nil: all.
  public var mask: WeightMask? {
    didSet {
      precondition(mask.map { $0.count == count } ?? true, "a mask of \(name) is of another size")
      mask?.apply(to: value)
    }
  }

  private var values: Storage
  private var gradients: Storage
  private var offset = 0

  public init(_ name: String, shape: [Int], decays: Bool = true, isTrainable: Bool = true) {
    self.name = name
    self.shape = shape
    self.decays = decays
    self.isTrainable = isTrainable
    let count = shape.reduce(1, *)
    values = BufferPool.shared.take(count: count)
    gradients = BufferPool.shared.take(count: count)
    values.clear()
    gradients.clear()
  }

  public var count: Int { shape.reduce(1, *) }
  package var value: UnsafeMutablePointer<Float> { values.pointer + offset }
  package var gradient: UnsafeMutablePointer<Float> { gradients.pointer + offset }

  /// The numbers in row-major order of `shape`; of pruned weights always zero.
  public var array: [Float] {
    get { Array(UnsafeBufferPointer(start: value, count: count)) }
    set {
      precondition(newValue.count == count, "\(name) has \(count) numbers, got \(newValue.count)")
      newValue.withUnsafeBufferPointer { value.update(from: $0.baseAddress!, count: count) }
      mask?.apply(to: value)
    }
  }

  /// The gradient of the last backward pass, laid out as `array`.
  public var gradientArray: [Float] { Array(UnsafeBufferPointer(start: gradient, count: count)) }

  /// Keeps gradients elsewhere in memory that is laid out as the store's.
  func keepGradient(in gradients: Storage) { self.gradients = gradients }

  /// Moves value and gradient into a store's memory.
  func move(to values: Storage, _ gradients: Storage, at offset: Int) {
    (values.pointer + offset).update(from: value, count: count)
    (gradients.pointer + offset).update(from: gradient, count: count)
    (self.values, self.gradients, self.offset) = (values, gradients, offset)
  }
}
