import COpenBLAS
import Collectives
import Evaluation
import Foundation
import Foundations
import Layers
import Machine
import Tensors

/// Times the two evaluations that search or fit all features, on made-up ones: k-NN beside the matrix product that it
/// cannot do without, and a logistic regression.
public struct EvaluationBenchmark: Sendable {
  public var trainingImages = 50_000
  public var testImages = 5_000
  public var dimension = 512
  public var classes = 100
  public var threads = 1
  /// Of k-NN; the logistic regression is fitted once.
  public var repeats = 3
  /// Where the features go, for other programs; nil: nowhere.
  public var featuresFile: String?

  public init() {}

  /// C of the logistic regression, and where it ends: scikit-learn's defaults.
  private static let inverseDecay = 1.0
  private static let iterations = 100

  public struct Result: Sendable {
    public let benchmark: EvaluationBenchmark
    /// The fastest of the repeats: what other programs take from this one does not count.
    public let neighbourSeconds: Double
    public let productSeconds: Double
    public let fitSeconds: Double
    /// Top-1 in percent.
    public let neighbourTop1: Double
    public let linearTop1: Double
    public let peakMB: Double?
  }

  /// - Throws: `UnwritableFile` where the features cannot be written.
  public func run() throws -> Result {
    let pool = WorkerPool.forKernels(threads: threads)
    let train = try features(images: trainingImages, first: 0, pool)
    let test = try features(images: testImages, first: trainingImages, pool)
    let (trainLabels, testLabels) = (labels(trainingImages), labels(testImages))
    if let featuresFile { try write(train, trainLabels, test, testLabels, to: featuresFile) }
    var neighbours: [Double] = []
    var products: [Double] = []
    var top1 = 0.0
    for _ in 0..<repeats {
      let begin = ContinuousClock.now
      top1 =
        try KNearestNeighbors.classify(
          train: LabelledRows(train, labels: trainLabels), test: LabelledRows(test, labels: testLabels),
          classCount: classes, k: 20, metric: .cosine, temperature: 0.07, on: .alone(), pool: pool)?.top1 ?? 0
      neighbours.append((ContinuousClock.now - begin) / .seconds(1))
      products.append(try productSeconds(test, train, pool))
    }
    let begin = ContinuousClock.now
    let linear = try LinearEvaluation.logisticRegression(
      train: train, trainLabels, test: test, testLabels, classCount: classes, inverseDecay: Self.inverseDecay,
      iterations: Self.iterations, pool: pool)
    return Result(
      benchmark: self, neighbourSeconds: neighbours.min() ?? 0, productSeconds: products.min() ?? 0,
      fitSeconds: (ContinuousClock.now - begin) / .seconds(1), neighbourTop1: top1, linearTop1: linear.top1,
      peakMB: peakResidentMB())
  }

  /// The class of image i is i modulo the classes.
  private func labels(_ count: Int) -> [Int] { (0..<count).map { $0 % classes } }

  /// A mean for each class, and as much again that is each image's own, twice: classes that overlap.
  private func features(images: Int, first: Int, _ pool: WorkerPool) throws -> FeatureMatrix {
    let means = (0..<classes).map { label in
      (0..<dimension).map { RandomDraws(seed: 1, purpose: .test, index: label).normal($0) }
    }
    let rows = try pool.map(images) { image in
      let draws = RandomDraws(seed: 2, purpose: .test, index: first + image)
      let mean = means[image % classes]
      return (0..<dimension).map { max(0, 0.15 * mean[$0] + draws.normal($0)) }
    }
    return FeatureMatrix(Array(rows.joined()), dimension: dimension)
  }

  /// The products of all test rows with all training rows, single-threaded calls on all threads, as large as they are
  /// fastest.
  private func productSeconds(_ test: FeatureMatrix, _ train: FeatureMatrix, _ pool: WorkerPool) throws
    -> Double
  {
    let block = 4096
    let width = Int32(dimension)
    let pieces = pool.threads
    let begin = ContinuousClock.now
    for first in stride(from: 0, to: train.rows, by: block) {
      let columns = min(block, train.rows - first)
      try pool.run(pieces) { piece in
        let rows = test.rows * piece / pieces..<test.rows * (piece + 1) / pieces
        let products = Tensor(rows: rows.count, columns: columns)
        test.values.withUnsafeBufferPointer { test in
          train.values.withUnsafeBufferPointer { train in
            openblas_sgemm(
              0, 1, Int32(rows.count), Int32(columns), width, 1,
              test.baseAddress! + rows.lowerBound * dimension,
              width, train.baseAddress! + first * dimension, width, 0, products.pointer, Int32(columns))
          }
        }
      }
    }
    return (ContinuousClock.now - begin) / .seconds(1)
  }

  private func write(
    _ train: FeatureMatrix, _ trainLabels: [Int], _ test: FeatureMatrix, _ testLabels: [Int], to path: String
  ) throws {
    func features(_ name: String, _ matrix: FeatureMatrix) -> Safetensors.Entry {
      .init(name: name, shape: [matrix.rows, dimension], values: matrix.values)
    }
    func labels(_ name: String, _ labels: [Int]) -> Safetensors.Entry {
      .init(name: name, shape: [labels.count], values: labels.map(Float.init))
    }
    try DurableFiles.replace(
      path,
      by: Safetensors.encode([
        features("train", train), labels("train_labels", trainLabels), features("test", test),
        labels("test_labels", testLabels),
      ]))
  }
}

extension EvaluationBenchmark.Result: Report {
  public var json: JSONValue {
    .object([
      "knn_s": .number(neighbourSeconds), "sgemm_s": .number(productSeconds),
      "sgemm_share": .number(productSeconds / neighbourSeconds), "knn_top1": .number(neighbourTop1),
      "linear_s": .number(fitSeconds), "linear_top1": .number(linearTop1),
      "peak_rss_mb": peakMB.map { .number($0) } ?? .null,
      "training_images": .integer(benchmark.trainingImages), "test_images": .integer(benchmark.testImages),
      "dimension": .integer(benchmark.dimension), "classes": .integer(benchmark.classes),
      "threads": .integer(benchmark.threads),
    ])
  }

  public var text: String {
    """
    \(counted(benchmark.trainingImages, "training image")), \(counted(benchmark.testImages, "test image")), \
    \(benchmark.dimension) features, \(benchmark.classes) classes, threads: \(benchmark.threads)
    k-NN (k = 20, cosine): \(decimals(neighbourSeconds, 2)) s, of which matrix products alone take \
    \(decimals(productSeconds, 2)) s (\(percent(100 * productSeconds / neighbourSeconds, decimals: 0))); \
    top-1 \(percent(neighbourTop1))
    logistic regression:   \(decimals(fitSeconds, 2)) s, at most 100 iterations; top-1 \(percent(linearTop1))
    peak memory:           \(peakMB.map { "\(decimals($0, 0)) MB" } ?? "unknown")
    """
  }
}
