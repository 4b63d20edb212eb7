import Layers
import Tensors

/// A way to run the same numbers: layout, shards and threads. None may change a result beyond rounding.
public struct PassVariant: Sendable, CustomStringConvertible {
  public let lanes: Int
  public let shardSize: Int
  public let threads: Int

  public init(lanes: Int = Pass.preferredLanes, shardSize: Int, threads: Int = 1) {
    self.lanes = lanes
    self.shardSize = shardSize
    self.threads = threads
  }

  public var description: String { "\(lanes) lanes, shards of \(shardSize), \(threads) threads" }

  /// The layouts that this machine's oneDNN has kernels for: its own and, with AVX-512, AVX2's.
  public static let allLanes = Pass.preferredLanes == 16 ? [16, 8] : [8]

  /// Every layout, with one shard and with the smallest ones on two threads.
  public static func all(images: Int) -> [PassVariant] {
    allLanes.flatMap {
      [PassVariant(lanes: $0, shardSize: images), PassVariant(lanes: $0, shardSize: 1, threads: 2)]
    }
  }

  /// A pass of this kind over one view.
  public func pass(
    _ mode: Pass.Mode = .training, rows: Int, noise: (any GateNoise)? = nil, softGates: Bool = false
  ) -> Pass {
    Pass(
      mode, rows: rows, shardSize: shardSize, pool: .forKernels(threads: threads), lanes: lanes, noise: noise,
      softGates: softGates)
  }
}

extension Tensor {
  /// Images in NCHW order as a tensor of this layout; `shape` is [N, C, H, W] or [N, C].
  public init(shape: [Int], lanes: Int, _ values: [Float]) {
    self.init(
      rows: shape[0], channels: shape[1], height: shape.count > 2 ? shape[2] : 1,
      width: shape.count > 3 ? shape[3] : 1, lanes: lanes, values: values)
  }

  /// The rows of two views, each `[images, …]` in its own order, as a pass orders them:
  /// [shard][view][image of the shard].
  public init(views: [[Float]], shape: [Int], lanes: Int, shardSize: Int) {
    let (images, width) = (shape[0], shape.dropFirst().reduce(1, *))
    var rows: [Float] = []
    for first in stride(from: 0, to: images, by: shardSize) {
      for view in views { rows += view[first * width..<(first + shardSize) * width] }
    }
    self.init(shape: [images * views.count] + shape.dropFirst(), lanes: lanes, rows)
  }

  /// The numbers of one view, images in their own order: undoes `init(views:…)`.
  public func values(ofView view: Int, in pass: Pass) -> [Float] {
    let all = values
    let width = all.count / rows
    return (0..<rows).filter { pass.layout.view(ofRow: $0) == view }
      .flatMap { all[$0 * width..<($0 + 1) * width] }
  }
}
