import Collectives
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite struct LinearTests {
  /// Clusters around a corner for each class, the more apart the larger `distance`.
  static func clusters(
    _ count: Int, classes: Int, dimension: Int = 8, distance: Float = 1, from first: Int = 0
  ) -> LabelledMatrix {
    let draws = RandomDraws(seed: 21, purpose: .test)
    let labels = (0..<count).map { draws.integer(first + $0, below: classes) }
    let values = labels.enumerated().flatMap { image, label in
      (0..<dimension).map {
        draws.normal((first + image + 1) * dimension + $0) + ($0 % classes == label ? distance : 0)
      }
    }
    return LabelledMatrix(FeatureMatrix(values, dimension: dimension), labels: labels, classCount: classes)
  }

  private let pool = WorkerPool(threads: 2)

  @Test func gradientIsThatOfTheLoss() throws {
    let images = Self.clusters(70, classes: 3, dimension: 5)
    var classifier = LinearClassifier(classCount: 3, dimension: 5)
    let draws = RandomDraws(seed: 22, purpose: .test)
    for i in classifier.parameters.indices { classifier.parameters[i] = draws.normal(i) }
    func loss(_ classifier: LinearClassifier) throws -> Double {
      try LogisticRegression.lossAndGradient(
        of: classifier, images.features, images.labels, 0..<70, pool
      ).loss
    }
    let (_, gradient) = try LogisticRegression.lossAndGradient(
      of: classifier, images.features, images.labels, 0..<70, pool)
    for i in classifier.parameters.indices {
      let step: Float = 1e-2
      var (above, below) = (classifier, classifier)
      above.parameters[i] += step
      below.parameters[i] -= step
      let width = Double(above.parameters[i]) - Double(below.parameters[i])
      let quotient = try (loss(above) - loss(below)) / width
      #expect(abs(quotient - gradient[i]) < 2e-4, "parameter \(i)")
    }
  }

  /// At the optimum the gradient of the mean loss is that of the decay.
  @Test(arguments: [0.1, 10]) func logisticRegressionReachesItsOptimum(c: Double) throws {
    let images = Self.clusters(300, classes: 4)
    var regression = LogisticRegression(inverseDecay: c)
    regression.minimizer.tolerance = 1e-5
    let fitted = try regression.fit(images, 0..<300, pool: pool)
    let (_, gradient) = try LogisticRegression.lossAndGradient(
      of: fitted, images.features, images.labels, 0..<300, pool)
    for (i, slope) in gradient.enumerated() {
      let decay = i < fitted.biasStart ? Double(fitted.parameters[i]) / (c * 300) : 0
      #expect(abs(slope + decay) < 3e-5, "parameter \(i)")
    }
  }

  @Test func threadsChangeNoBit() throws {
    let images = Self.clusters(2000, classes: 5, dimension: 16)
    let one = try LogisticRegression(inverseDecay: 1).fit(images, 0..<2000, pool: WorkerPool(threads: 1))
    let three = try LogisticRegression(inverseDecay: 1).fit(images, 0..<2000, pool: WorkerPool(threads: 3))
    #expect(one.parameters == three.parameters)
    let sgd = LinearSGD(rates: [0.1, 1, 10], epochs: 3)
    let alone = try sgd.fit(images, 0..<2000, pool: WorkerPool(threads: 1))
    let together = try sgd.fit(images, 0..<2000, pool: WorkerPool(threads: 3))
    #expect(alone.map(\.parameters) == together.map(\.parameters))
  }

  /// Side by side, each rate learns what it learns alone.
  @Test func ratesDoNotSeeEachOther() throws {
    let images = Self.clusters(500, classes: 3)
    let both = try LinearSGD(rates: [0.1, 1], epochs: 2).fit(images, 0..<500, pool: pool)
    let second = try LinearSGD(rates: [1], epochs: 2).fit(images, 0..<500, pool: pool)
    #expect(both[1].parameters == second[0].parameters)
    #expect(both[0].parameters != both[1].parameters)
  }

  @Test(arguments: LinearEvaluation.Solver.allCases)
  func separableClassesAreToldApart(solver: LinearEvaluation.Solver) throws {
    var train = Self.clusters(600, classes: 4, distance: 6)
    let before = train.features
    let test = Self.clusters(200, classes: 4, distance: 6, from: 10_000)
    var evaluation = LinearEvaluation()
    evaluation.solver = solver
    evaluation.epochs = 10
    var shares: [Double] = []
    let result = try evaluation.run(train: &train, test: test, pool: pool) { shares.append($0) }
    #expect(result.predictions.top1 > 95)
    #expect(result.choices.contains(result.chosen))
    #expect(result.choices.allSatisfy { $0.held <= result.chosen.held })
    #expect(shares == shares.sorted() && shares.last == 1)
    // Rows that were put last for a while are back.
    #expect(train.features == before)
  }

  @Test func aClassWithoutTrainingImagesDoesNotTrap() throws {
    var train = Self.clusters(50, classes: 2)
    let test = LabelledMatrix(train.features, labels: train.labels.map { $0 + 1 }, classCount: 3)
    train = LabelledMatrix(train.features, labels: train.labels, classCount: 3)
    #expect(try LinearEvaluation().run(train: &train, test: test, pool: pool).predictions.labels.count == 50)
  }

  // MARK: Parts

  @Test func heldImagesKeepTheClassesShares() {
    let labels = (0..<1000).map { $0 % 10 < 7 ? 0 : 1 }
    let held = Holdout(labels: labels, seed: 5).held
    #expect(held.count == 100)
    #expect((65...75).contains(held.count { labels[$0] == 0 }))
    #expect(held == held.sorted() && Set(held).count == 100)
    #expect(Holdout(labels: labels, seed: 5).held == held)
    #expect(Holdout(labels: labels, seed: 6).held != held)
  }

  /// One image a class: none can be spared, but something has to be tried.
  @Test func fewImagesLeaveOneToTry() {
    #expect(Holdout(labels: [0, 1, 2], seed: 0).held.count == 1)
  }

  @Test func rowsThatStandLastComeBack() {
    var matrix = LabelledMatrix(
      FeatureMatrix((0..<12).map(Float.init), dimension: 2), labels: [0, 1, 2, 3, 4, 5], classCount: 6)
    matrix.withRowsLast([1, 5, 2]) { images, end in
      #expect(end == 3)
      #expect(Set(images.labels[3...]) == [1, 2, 5])
      for row in 0..<6 { #expect(images.features.values[2 * row] == Float(2 * images.labels[row])) }
    }
    #expect(matrix.labels == [0, 1, 2, 3, 4, 5])
  }

  @Test func spreadIsThatOfTheSample() {
    #expect(MeanAndSpread([4]).deviation == nil)
    #expect(MeanAndSpread([1, 2, 3]) == MeanAndSpread([3, 2, 1]))
    #expect(MeanAndSpread([1, 2, 3]).deviation == 1)
    #expect(MeanAndSpread([70, 72]).text == "71.00 ± 1.41")
  }

  /// The binomial's standard deviation is √(0.7·0.3/1000) = 1.45 points.
  @Test func intervalIsAsWideAsTheBinomials() {
    let interval = Bootstrap.interval((0..<1000).map { $0 < 700 ? 1 : 0 })
    #expect(abs(interval.lowerBound - 67.16) < 0.5 && abs(interval.upperBound - 72.84) < 0.5)
    #expect(Bootstrap.interval([]) == 0...0)
    #expect(Bootstrap.interval([1, 1]) == 100...100)
  }

  @Test func rankingPutsEqualScoresInTheOrderOfLabels() {
    #expect(Predictions.ranked([1, 3, 3, 0, 2, 3, 1]) == [1, 2, 5, 4, 0])
    let none = Predictions.none
    #expect(Predictions.ranked([0.5, 0.7], isRanked: { $0 > 0.6 }) == [1, none, none, none, none])
    let predictions = Predictions(
      ranking: Predictions.ranked([2, 1, 0]) + Predictions.ranked([0, 1, 2]), labels: [0, 1], classCount: 3)
    #expect(predictions.classes == [0, 2])
    #expect(predictions.top1 == 50 && predictions.top5 == 100)
    #expect(predictions.confusion == [[1, 0, 0], [0, 0, 1], [0, 0, 0]])
  }

  // MARK: Online probe

  @Test(arguments: [2, 4]) func theProbeLearnsTheSameOnAnyRanks(ranks: Int) throws {
    let images = Self.clusters(64, classes: 4, dimension: 12)
    @Sendable func learn(on communicator: Communicator) throws -> Data {
      let probe = OnlineProbe(classCount: 4, dimension: 12)
      let share = 64 / communicator.worldSize
      let rows = communicator.rank * share..<(communicator.rank + 1) * share
      let features = Tensor(rows: share, columns: 12, images.features.rows(rows).values)
      for step in 0..<5 {
        try probe.step(
          features, labels: Array(images.labels[rows]),
          shards: (0..<share / 8).map { $0 * 8..<($0 + 1) * 8 }, images: 64, done: Double(step) / 5,
          pool: WorkerPool(threads: 1), reducer: communicator)
      }
      return probe.encode()
    }
    let alone = try learn(on: .alone())
    #expect(try ThreadRanks(ranks).run { try learn(on: $0) } == Array(repeating: alone, count: ranks))
  }

  @Test func theProbeGoesOnFromItsFile() throws {
    let images = Self.clusters(16, classes: 3, dimension: 4)
    let features = Tensor(rows: 16, columns: 4, images.features.values)
    func step(_ probe: OnlineProbe) throws {
      try probe.step(
        features, labels: images.labels, shards: [0..<16], images: 16, done: 0, pool: pool,
        reducer: LocalShards())
    }
    let probe = OnlineProbe(classCount: 3, dimension: 4)
    for _ in 0..<3 { try step(probe) }
    let copy = OnlineProbe(classCount: 3, dimension: 4)
    #expect(copy.load(try SafetensorsFile(probe.encode(), path: "probe")))
    try step(probe)
    try step(copy)
    #expect(probe.encode() == copy.encode())
    #expect(
      !OnlineProbe(classCount: 5, dimension: 4).load(try SafetensorsFile(probe.encode(), path: "probe")))
  }

  /// Rows that are in none of the shards do not matter.
  @Test func theProbeLearnsFromTheRowsThatItIsTold() throws {
    let images = Self.clusters(16, classes: 3, dimension: 4)
    func learn(_ rows: Range<Int>, _ shards: [Range<Int>]) throws -> Data {
      let probe = OnlineProbe(classCount: 3, dimension: 4)
      try probe.step(
        Tensor(rows: rows.count, columns: 4, images.features.rows(rows).values),
        labels: Array(images.labels[rows]), shards: shards, images: 16, done: 0, pool: pool,
        reducer: LocalShards())
      return probe.encode()
    }
    #expect(try learn(0..<16, [0..<8]) == learn(0..<8, [0..<8]))
    #expect(try learn(0..<16, [0..<8, 8..<16]) != learn(0..<8, [0..<8]))
  }

  @Test func theProbeLearns() throws {
    let images = Self.clusters(128, classes: 3, distance: 5)
    let probe = OnlineProbe(classCount: 3, dimension: 8)
    let features = Tensor(rows: 128, columns: 8, images.features.values)
    for _ in 0..<60 {
      try probe.step(
        features, labels: images.labels, shards: [0..<64, 64..<128], images: 128, done: 0, pool: pool,
        reducer: LocalShards())
    }
    #expect(try probe.classifier.predictions(of: images, 0..<128, pool: pool).top1 > 90)
  }
}
