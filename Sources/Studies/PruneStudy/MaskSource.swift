import Foundations
import Objectives

/// Where the masks of a study come from, and the weights that its networks begin with.
public enum MaskSource: Hashable, Sendable, CustomStringConvertible {
  /// A training for an objective; that on labels is called `labels`.
  case training(ObjectiveKind)
  /// Chance: masks that keep as many weights of each layer as those of labels, on the weights of labels.
  case random
  /// The masks of labels, on new initial weights.
  case reinitialized

  public static let labels = MaskSource.training(.supervised)

  /// Those that go by the masks of labels.
  public static let controls = [MaskSource.random, .reinitialized]

  /// All that there are, in the order in which messages list them.
  public static let all =
    [labels] + ObjectiveKind.allCases.filter { $0 != .supervised }.map(MaskSource.training) + controls

  /// Those of [C], and SimCLR.
  public static let ofTheStudy =
    [labels] + [.rotnet, .npid, .simclr].map(MaskSource.training) + [.random]

  public init?(_ name: String) {
    guard let source = Self.all.first(where: { $0.description == name }) else { return nil }
    self = source
  }

  public var description: String {
    switch self {
    case .training(.supervised): "labels"
    case .training(let objective): objective.rawValue
    case .random: "random"
    case .reinitialized: "reinitialized"
    }
  }
}
