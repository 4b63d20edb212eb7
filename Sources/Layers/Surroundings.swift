import CVector
import Tensors

/// What passes work with and whom they tell. All passes of a step have the same ones.
public struct Surroundings {
  public let pool: WorkerPool
  /// Other ranks; their answers are on the clock.
  public let reducer: any ShardReducer
  /// Channels in a block of the activations' layout.
  public let lanes: Int
  /// Takes the time of the layers' work.
  public let clock: StepClock?
  public let listener: (any StepListener)?
  /// Whether convolutions leave out closed channels where that is faster. It changes no bit in training; in an
  /// evaluation sums are taken in another order (contract C7).
  public let skipsClosedChannels: Bool
  /// Where weights are kept from one pass to the next; nil: every pass packs its own.
  public let packedWeights: PackedWeights?

  public init(
    pool: WorkerPool, reducer: any ShardReducer = LocalShards(), lanes: Int = Pass.preferredLanes,
    clock: StepClock? = nil, listener: (any StepListener)? = nil, skipsClosedChannels: Bool = true,
    packedWeights: PackedWeights? = nil
  ) {
    self.pool = pool
    self.reducer = clock.map { TimedReducer(reducer, clock: $0) } ?? reducer
    self.lanes = lanes
    self.clock = clock
    self.listener = listener
    self.skipsClosedChannels = skipsClosedChannels
    self.packedWeights = packedWeights
  }
}
