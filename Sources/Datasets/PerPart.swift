/// What the images of a data set are for.
public enum DataPart: String, CaseIterable, Codable, Sendable {
  /// They are trained on.
  case train
  /// They are labelled, and k-NN looks for neighbours among them. A part of its own only where the training images
  /// cannot serve.
  case reference
  /// They are classified.
  case test

  /// For messages: "training", "reference" or "test" images.
  public var adjective: String { self == .train ? "training" : rawValue }
}

/// A value for every part that a data set has; there is always one to train on.
public struct PerPart<Value> {
  public var train: Value
  public var reference: Value?
  public var test: Value?

  public init(train: Value, reference: Value? = nil, test: Value? = nil) {
    self.train = train
    self.reference = reference
    self.test = test
  }

  public subscript(part: DataPart) -> Value? {
    switch part {
    case .train: train
    case .reference: reference
    case .test: test
    }
  }

  /// The parts that there are, in the order of `DataPart.allCases`.
  public var all: [(part: DataPart, value: Value)] {
    DataPart.allCases.compactMap { part in self[part].map { (part, $0) } }
  }

  public var values: [Value] { all.map(\.value) }

  /// The same parts with other values. `body` is called in the order of `all`.
  public func map<Other>(_ body: (DataPart, Value) throws -> Other) rethrows -> PerPart<Other> {
    PerPart<Other>(
      train: try body(.train, train), reference: try reference.map { try body(.reference, $0) },
      test: try test.map { try body(.test, $0) })
  }
}

extension PerPart: Sendable where Value: Sendable {}
extension PerPart: Equatable where Value: Equatable {}
