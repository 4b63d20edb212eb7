import Configurations
import Objectives
import Pruning
import Training

/// The study of [C] in one folder: masks from trainings with labels and without, at several shares of remaining weights,
/// with several seeds, re-trained on labels.
public struct PruneStudyPlan: Equatable, Sendable {
  /// One training for an objective with its rounds of pruning, and everything that needs no other training: what a job
  /// does.
  public struct Chain: Equatable, Sendable {
    /// Its place in the study, from 0.
    public let index: Int
    public let objective: ObjectiveKind
    public let seed: UInt64
    let pruning: PruningPlan
    let subnetworks: [Subnetwork]

    var source: MaskSource { .training(objective) }
  }

  /// A network that is re-trained on labels.
  struct Subnetwork: Equatable, Sendable {
    let source: MaskSource
    let seed: UInt64
    /// How often a fifth of the weights has gone.
    let round: Int
    let maskFolder: String
    let schedule: TrainingSchedule
    /// Of the re-training.
    let folder: RunFolder

    var mask: String { "\(maskFolder)/\(PruningMask.fileName)" }
  }

  public let folder: String
  public let sources: [MaskSource]
  /// After how many rounds networks are compared, ascending; 0: the whole network.
  public let rounds: [Int]
  public let seeds: [UInt64]
  public let schedules: [TrainingSchedule]
  let criterion: PruningCriterion
  /// The data that linear classifiers on frozen features are trained on; nil: there are none.
  public let transfer: String?
  /// Seed by seed.
  public let chains: [Chain]

  /// The keys that a study decides.
  public static let keys = ["objective.name", "seed", "pruning.rounds", "pruning.one_shot"]

  /// - Parameters:
  ///   - folder: Holds what belongs to each source and seed, `labels/seed-1` and so on.
  ///   - sources: Each named once; `random` and `reinitialized` need `labels`.
  ///   - rounds: At least one, each named once.
  ///   - seeds, schedules: At least one, each named once.
  ///   - settings: `pruning.…` of the configuration.
  public init(
    folder: String, sources: [MaskSource], rounds: [Int], seeds: [UInt64], schedules: [TrainingSchedule],
    transfer: String?, _ settings: PruningSettings
  ) {
    self.folder = folder
    self.sources = sources
    self.rounds = rounds.sorted()
    self.seeds = seeds
    self.schedules = schedules
    criterion = settings.criterion
    self.transfer = transfer
    var settings = settings
    (settings.rounds, settings.oneShot) = (rounds.max() ?? 0, false)
    let rounds = self.rounds
    let trained = seeds.flatMap { seed in
      sources.compactMap { source -> (ObjectiveKind, UInt64)? in
        if case .training(let objective) = source { (objective, seed) } else { nil }
      }
    }
    chains = trained.enumerated().map { index, pair in
      let (objective, seed) = pair
      let source = MaskSource.training(objective)
      let dependent = source == .labels ? sources.filter(MaskSource.controls.contains) : []
      return Chain(
        index: index, objective: objective, seed: seed,
        pruning: PruningPlan(folder: Self.folder(of: source, seed, in: folder), settings),
        subnetworks: ([source] + dependent).flatMap { source in
          schedules.flatMap { schedule in
            // Nothing is masked before the first round.
            rounds.filter { $0 > 0 || !MaskSource.controls.contains(source) }.map { round in
              let own = Self.folder(of: source, seed, in: folder)
              let origin = source == .reinitialized ? Self.folder(of: .labels, seed, in: folder) : own
              return Subnetwork(
                source: source, seed: seed, round: round,
                maskFolder: "\(origin)/rounds/\(PruningPlan.name(of: round))",
                schedule: schedule,
                folder: RunFolder("\(own)/retrained/\(schedule.name)/\(PruningPlan.name(of: round))"))
            }
          }
        })
    }
  }

  private static func folder(of source: MaskSource, _ seed: UInt64, in folder: String) -> String {
    "\(folder)/\(source)/seed-\(seed)"
  }

  /// The name of the data that features are tried on.
  var transferName: String? { transfer.map { String($0.prefix { $0 != ":" }) } }

  func transferFolder(_ chain: Chain) -> String { "\(chain.pruning.folder)/transfer" }

  /// Keeps what linear classifiers reach on the features of a chain's network after some rounds; nil: there are none.
  func transferFile(_ chain: Chain, round: Int) -> String? {
    transferName.map { "\(transferFolder(chain))/\($0)-\(PruningPlan.name(of: round)).json" }
  }
}
