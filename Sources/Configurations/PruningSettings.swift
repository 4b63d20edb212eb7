import Foundations
import Pruning

/// What `sluice prune` does with a run; it changes nothing about the run itself.
public struct PruningSettings: Equatable, Sendable {
  /// Which weights go first.
  public var criterion = PruningCriterion.magnitude
  /// How often a fifth of what remains goes: 14 rounds leave 4.4 %.
  public var rounds = 14
  /// Whether the weights of all rounds go at once.
  public var oneShot = false
  /// Where training goes on after a round.
  public var rewind = Rewinding.epochs(1)
  /// Whether weights of the first convolution go too.
  public var stem = true

  /// The weights that remaining ones go back to. Source: Frankle et al., "Stabilizing the Lottery Ticket Hypothesis" (2019).
  public enum Rewinding: Equatable, Sendable {
    /// They keep their values, and training begins anew: fine-tuning.
    case none
    /// They are drawn anew for each round, and training begins anew: the control that has the masks alone in common with
    /// the others.
    case random
    /// Those after so many steps, from where training goes on; 0: the initial ones.
    case steps(Int)
    /// Those after so many epochs.
    case epochs(Int)

    /// The step after which weights are kept; nil: they are not.
    public func step(stepsPerEpoch: Int) -> Int? {
      switch self {
      case .none, .random: nil
      case .steps(let steps): steps
      case .epochs(let epochs): epochs * stepsPerEpoch
      }
    }
  }
}

extension ValueForm where Value == PruningSettings.Rewinding {
  /// `none`, a step, or epochs.
  static let rewinding = Self(
    expected: "none, random, a step such as 500 (0: the initial weights), or epochs such as '2 epochs'",
    read: { value in
      guard let text = value.plain else { return nil }
      if text == "none" { return PruningSettings.Rewinding.none }
      if text == "random" { return .random }
      let words = text.split(separator: " ", omittingEmptySubsequences: false)
      guard let number = Int(words[0]), 0...1_000_000_000 ~= number else { return nil }
      switch words.dropFirst() {
      case []: return .steps(number)
      case ["epoch"], ["epochs"]: return .epochs(number)
      default: return nil
      }
    },
    print: { rewinding in
      switch rewinding {
      case .none: "none"
      case .random: "random"
      case .steps(let steps): "\(steps)"
      case .epochs(let epochs): epochs == 1 ? "1 epoch" : "\(epochs) epochs"
      }
    })
}
