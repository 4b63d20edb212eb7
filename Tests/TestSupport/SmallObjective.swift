/// An objective with heads small enough for tests.
public struct SmallObjective: CaseIterable, CustomStringConvertible, Sendable {
  /// The value of `objective.name`.
  public let name: String
  /// Its section; nil for one without keys.
  private let settings: String?

  /// A row for every objective that there is (`ObjectiveKind.table`).
  public static let allCases = [simclr, simsiam, supervised, rotnet, npid]

  public static let simclr = Self(name: "simclr", settings: "{projector: [32, 16]}")
  public static let simsiam = Self(name: "simsiam", settings: "{projector: [32, 16], predictor_hidden: 8}")
  public static let supervised = Self(name: "supervised", settings: "{classes: 12}")
  public static let rotnet = Self(name: "rotnet", settings: nil)
  public static let npid = Self(name: "npid", settings: "{dimension: 16, noise: 7, proximal: 0.5}")

  /// The section of a configuration.
  public var yaml: String { "objective: {name: \(name)\(settings.map { ", \(name): \($0)" } ?? "")}" }
  public var description: String { name }
}
