import Foundations
import Layers
import Tensors

/// Telling by how many quarter turns an image was turned: `Classification` by the turn of each row.
///
/// Source: Gidaris, Singh, Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations" (2018).
/// All four turns of an image are in one batch.
public enum RotNet {
  public struct Settings: ObjectiveSettings {
    public init() {}

    public static let name = "rotnet"
    public static let keys: [Setting<Self>] = []

    public var views: Int { 1 }
    public var turns: Int { 4 }
    public func negativesPerAnchor(globalBatchSize: Int) -> Int? { nil }
    public func workingFloats(rows: Int, globalRows: Int) -> Double {
      Classification.workingFloats(rows: rows, classes: turns)
    }
    /// As with labels.
    public var collapseAdvice: String? { nil }

    public func makeObjective(featureCount: Int) -> any Objective {
      Classification(classes: turns, featureCount: featureCount) { batch in
        (0..<batch.layout.rows).map { batch.layout.place(ofRow: $0).turn }
      }
    }
  }
}

extension ObjectiveKind {
  public static let rotnet = ObjectiveKind(of: RotNet.Settings.self)
}
