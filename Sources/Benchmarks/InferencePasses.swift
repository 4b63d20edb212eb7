import Layers
import Networks
import Tensors

/// Passes of a backbone's evaluation over images that are taken over and over again, each in one of three ways.
public final class InferencePasses {
  enum Way: CaseIterable {
    /// The network without gates.
    case dense
    /// All channels are computed and closed ones set to zero.
    case masked
    /// Open channels alone are computed.
    case compact
  }

  let macs: MACs
  /// How many of the network's channels open together.
  let group: Int
  private let network: any Backbone
  private let dense: any Backbone
  /// `[N, 3, H, W]`.
  private let images: Tensor
  private let shardSize: Int
  private let pool: WorkerPool
  /// One for every way, as each has layouts of its own.
  private let packed = Way.allCases.map { _ in PackedWeights() }

  /// - Parameters:
  ///   - network: With gates.
  ///   - dense: The same without; its weights make no difference.
  ///   - images: At least as many as the largest batch.
  ///   - shardSize: Images that kernels take at once; fewer where that leaves threads without work.
  public init(
    _ network: any Backbone, dense: any Backbone, images: Tensor, shardSize: Int, pool: WorkerPool
  ) {
    self.network = network
    self.dense = dense
    self.images = images
    self.shardSize = shardSize
    self.pool = pool
    macs = MACs(network.blueprint)
    group = network.gates.first?.rule.group ?? 1
  }

  /// - Parameter masks: nil: the network's own gates decide.
  func seconds(_ way: Way, _ images: Tensor, _ masks: (any GateMasks)?) throws -> Double {
    let begin = ContinuousClock.now
    _ = try forward(images, way, masks)
    return (ContinuousClock.now - begin) / .seconds(1)
  }

  func forward(
    _ images: Tensor, _ way: Way, _ masks: (any GateMasks)?
  ) throws -> (features: Tensor, gates: [GateRecord]) {
    let surroundings = Surroundings(
      pool: pool, skipsClosedChannels: way == .compact,
      packedWeights: packed[Way.allCases.firstIndex(of: way)!])
    let share = (images.rows + pool.threads - 1) / pool.threads
    let pass = Pass(
      .evaluation, RowLayout(images: images.rows, views: 1, shardSize: min(shardSize, share)),
      in: surroundings, masks: masks)
    return try (way == .dense ? dense : network).forward(images, in: pass)
  }

  /// Some of the images, beginning again after the last one.
  func images(_ count: Int, from first: Int) -> Tensor {
    let batch = Tensor(
      rows: count, channels: images.channels, height: images.height, width: images.width, lanes: images.lanes)
    for row in 0..<count {
      let image = (first + row) % images.rows
      batch.copyRows(image..<image + 1, of: images, to: row)
    }
    return batch
  }
}
