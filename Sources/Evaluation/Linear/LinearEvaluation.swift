import Tensors

/// What a linear classifier on frozen features reaches: its setting is chosen on images kept from it, then it is trained
/// again on all of them and tested once.
public struct LinearEvaluation: Sendable {
  public enum Solver: String, CaseIterable, Sendable {
    /// Logistic regression to its optimum: nothing to tune but the decay.
    case lbfgs
    /// The protocol of the papers, on features without augmentation.
    case sgd
  }

  public var solver = Solver.lbfgs
  /// Of SGD.
  public var epochs = 100
  /// Decides which images are kept from the classifier, and SGD's order.
  public var seed: UInt64 = 0

  public init() {}

  /// A setting and what it reached on the images that were kept.
  public struct Choice: Sendable, Equatable {
    /// C of logistic regression, or SGD's first learning rate.
    public let setting: Double
    /// Top-1 in percent.
    public let held: Double
  }

  public struct Result: Sendable {
    public let predictions: Predictions
    /// In ascending order of settings.
    public let choices: [Choice]
    /// The best of them; of equal ones the smallest.
    public let chosen: Choice
  }

  /// C from strongly to weakly regularized.
  private static let inverseDecays = [1e-3, 1e-2, 0.1, 1, 10, 100, 1000, 10_000]

  /// - Parameter progress: Told the share of the work that is done; ends it by throwing.
  /// - Precondition: There are at least two training images.
  func run(
    train: inout LabelledMatrix, test: LabelledMatrix, pool: WorkerPool,
    progress: (Double) throws -> Void = { _ in }
  ) throws -> Result {
    let held = Holdout(labels: train.labels, seed: seed).held
    let choices = try train.withRowsLast(held) { images, end in
      try self.choices(images, end, pool) { try progress(0.8 * $0) }
    }
    let chosen = Self.best(choices)
    let classifier: LinearClassifier
    switch solver {
    case .lbfgs:
      classifier = try LogisticRegression(inverseDecay: chosen.setting).fit(train, 0..<train.rows, pool: pool)
    case .sgd:
      classifier = try sgd(rates: [chosen.setting]).fit(train, 0..<train.rows, pool: pool) {
        try progress(0.8 + 0.2 * $0)
      }[0]
    }
    try progress(1)
    return Result(
      predictions: try classifier.predictions(of: test, 0..<test.rows, pool: pool), choices: choices,
      chosen: chosen)
  }

  /// One fit of all training rows, for benchmarks.
  package static func logisticRegression(
    train: FeatureMatrix, _ labels: [Int], test: FeatureMatrix, _ testLabels: [Int], classCount: Int,
    inverseDecay: Double, iterations: Int, pool: WorkerPool
  ) throws -> Predictions {
    var regression = LogisticRegression(inverseDecay: inverseDecay)
    regression.minimizer.maxIterations = iterations
    let known = LabelledMatrix(train, labels: labels, classCount: classCount)
    let asked = LabelledMatrix(test, labels: testLabels, classCount: classCount)
    return try regression.fit(known, 0..<known.rows, pool: pool)
      .predictions(of: asked, 0..<asked.rows, pool: pool)
  }

  /// Every setting, trained on the rows up to `end` and tried on the others.
  private func choices(
    _ images: borrowing LabelledMatrix, _ end: Int, _ pool: WorkerPool, progress: (Double) throws -> Void
  ) throws -> [Choice] {
    let held = end..<images.rows
    switch solver {
    case .lbfgs:
      var start: LinearClassifier?
      var choices: [Choice] = []
      for c in Self.inverseDecays {
        // From the optimum before, which is near.
        let fitted = try LogisticRegression(inverseDecay: c).fit(images, 0..<end, from: start, pool: pool)
        start = fitted
        choices.append(
          Choice(setting: c, held: try fitted.predictions(of: images, held, pool: pool).top1))
        try progress(Double(choices.count) / Double(Self.inverseDecays.count))
      }
      return choices
    case .sgd:
      let sgd = sgd(rates: LinearSGD().rates)
      let fitted = try sgd.fit(images, 0..<end, pool: pool, progress: progress)
      var choices: [Choice] = []
      for (rate, classifier) in zip(sgd.rates, fitted) {
        choices.append(
          Choice(setting: rate, held: try classifier.predictions(of: images, held, pool: pool).top1))
      }
      return choices
    }
  }

  private func sgd(rates: [Double]) -> LinearSGD {
    LinearSGD(rates: rates, epochs: epochs, seed: seed)
  }

  private static func best(_ choices: [Choice]) -> Choice {
    choices.dropFirst().reduce(choices[0]) { $1.held > $0.held ? $1 : $0 }
  }
}
