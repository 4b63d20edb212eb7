import Configurations
import Pruning
import Training

/// The rounds of iterative pruning, in one folder: train, let a fifth of the weights go, go back, train again.
public struct PruningPlan: Equatable, Sendable {
  /// One training run.
  public struct Round: Equatable, Sendable {
    /// How often a fifth of the weights has gone before it.
    public let number: Int
    /// How many of these times follow the round before.
    let pruned: Int
    public let folder: RunFolder

    /// The mask that it trains under.
    public var mask: String { "\(folder.path)/\(PruningMask.fileName)" }
  }

  public let folder: String
  /// What its rounds go by.
  public let settings: PruningSettings
  /// From that of the whole network on.
  public let rounds: [Round]

  /// - Parameter folder: Holds the rounds' folders, `rounds/00` and so on.
  public init(folder: String, _ settings: PruningSettings) {
    self.folder = folder
    self.settings = settings
    let numbers =
      settings.oneShot ? [0] + (settings.rounds > 0 ? [settings.rounds] : []) : Array(0...settings.rounds)
    rounds = numbers.enumerated().map { index, number in
      Round(
        number: number, pruned: index == 0 ? 0 : number - numbers[index - 1],
        folder: RunFolder("\(folder)/rounds/\(Self.name(of: number))"))
    }
  }

  /// Of a round's folder.
  static func name(of round: Int) -> String { "\(round < 10 ? "0" : "")\(round)" }

  /// How a round begins: with the weights that remain, taken back.
  func start(of round: Round) -> PrunedStart {
    guard let index = rounds.firstIndex(of: round), index > 0 else { return PrunedStart() }
    var start = PrunedStart(mask: round.mask)
    switch settings.rewind {
    case .none: start.rewindingPoint = rounds[index - 1].folder.rewindingPoint
    case .random: start.redraw = round.number
    case .steps, .epochs: start.rewindingPoint = rounds[0].folder.rewindingPoint
    }
    return start
  }

  /// How another training begins with what remains after a round.
  func retraining(after round: Round) -> PrunedStart {
    var start = start(of: round)
    if round == rounds[0], settings.rewind != .random { start.rewindingPoint = round.folder.rewindingPoint }
    start.beginsAnew = true
    // Early weights of a training on labels know the classifier that they were trained with: none gets that one.
    if start.redraw == nil { start.redraw = 1 }
    return start
  }
}
