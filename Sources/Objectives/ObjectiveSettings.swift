import Foundations

/// An objective's recipe: what can be set about it, what has to be known before it is made, and how it is made.
///
/// Configuration, plan, memory estimate, warnings and benchmarks ask this and know no objective by name.
public protocol ObjectiveSettings: Equatable, Sendable {
  /// The value of `objective.name`, and the section of this objective's keys: `objective.NAME.KEY`.
  static var name: String { get }
  /// What can be set; all of it decides the result.
  static var keys: [Setting<Self>] { get }

  /// How many views of an image a step takes, augmented independently.
  var views: Int { get }
  /// How many quarter turns of each view a step takes, the view itself included.
  var turns: Int { get }
  /// The embeddings that an anchor is pushed away from; nil for an objective that compares different images not at all.
  func negativesPerAnchor(globalBatchSize: Int) -> Int?
  /// The floats that a rank's loss holds at once besides embeddings and their gradients.
  ///
  /// As a `Double`: an estimate for more than any machine has must not overflow.
  ///
  /// - Parameters:
  ///   - rows: Of this rank's embeddings, `rowsPerImage` × images.
  ///   - globalRows: Of all ranks'.
  func workingFloats(rows: Int, globalRows: Int) -> Double
  /// The floats that all ranks together remember from step to step besides parameters, in equal shares.
  func rememberedFloats(imageCount: Int) -> Double
  /// Why it cannot learn from a data set of so many images, in one sentence; nil: it can.
  func conflict(imageCount: Int) -> String?
  /// What may help when different images' projections become alike, besides the optimizer's keys; ends the sentence
  /// "what usually helps is …, … or …". nil: they may be, and nobody is warned.
  var collapseAdvice: String? { get }
  /// Whether the loss compares with the images' labels.
  var needsLabels: Bool { get }
  /// The classes that the loss tells apart, set by the key `classes`; nil: it looks at no labels, or the data has not
  /// yet decided.
  var classCount: Int? { get }
  /// The same with what was left to data of so many classes.
  func settled(classCount: Int) -> Self

  /// The objective with new heads.
  ///
  /// - Parameter featureCount: Width of the backbone's features.
  func makeObjective(featureCount: Int) -> any Objective
}

extension ObjectiveSettings {
  public var turns: Int { 1 }
  /// Rows of a batch that show one image.
  public var rowsPerImage: Int { views * turns }
  public func rememberedFloats(imageCount: Int) -> Double { 0 }
  public func conflict(imageCount: Int) -> String? { nil }
  public var needsLabels: Bool { false }
  public var classCount: Int? { nil }
  public func settled(classCount: Int) -> Self { self }

  /// Whether `other` is of the same objective and says the same.
  package func isEqual(to other: any ObjectiveSettings) -> Bool { other as? Self == self }
}

extension ValueForm where Value == [Int] {
  /// A width for each of the layers that `names` names.
  static func widths(_ names: String...) -> Self {
    list(
      "widths from 1 to 65536, [\(names.joined(separator: ", "))]", count: names.count,
      of: .wholeNumber(1...65536))
  }
}
