import Collectives
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Evaluation

@Suite(.enabled(if: Golden.folder("knn") != nil, "\(Golden.missing("knn"))"))
struct GoldenKNNTests {
  /// Every configuration of knn.json: neighbours as a set, votes, predictions, accuracies.
  @Test func GoldenKNNMatches() throws {
    let folder = try #require(Golden.folder("knn"))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("knn.safetensors").path)
    let json = try Golden.json(folder.appendingPathComponent("knn.json"))
    let cases = try #require(json["configs"] as? [String: [String: Any]])
    let dimension = try #require(file.shape(of: "train")).last ?? 0
    let (train, test) = (try file.floats("train"), try file.floats("test"))
    let trainLabels = try file.int32s("train_label").map(Int.init)
    let testLabels = try file.int32s("test_label").map(Int.init)
    #expect(!cases.isEmpty)
    for (name, settings) in cases {
      let k = try #require(settings["k"] as? Int)
      let metric = try #require(KNearestNeighbors.Metric(rawValue: settings["distance_fx"] as? String ?? ""))
      let temperature = settings["T"] as? Double ?? 0.07
      let classCount = try #require(file.shape(of: "\(name).votes")).last ?? 0
      let known = LabelledRows(FeatureMatrix(train, dimension: dimension), labels: trainLabels)
      let asked = LabelledRows(FeatureMatrix(test, dimension: dimension), labels: testLabels)
      let result = try #require(
        try KNearestNeighbors.classify(
          train: known, test: asked, classCount: classCount, k: k, metric: metric, temperature: temperature,
          on: .alone(), pool: WorkerPool(threads: 2)))

      let neighbours = try file.int32s("\(name).neighbours").map(Int.init)
      let votes = try file.floats("\(name).votes").map(Double.init)
      let nearest = try NeighbourSearch(
        FeatureRows(known.features, metric: metric), pool: WorkerPool(threads: 1)
      )
      .nearest(to: FeatureRows(asked.features, metric: metric), k: k)
      for row in testLabels.indices {
        let range = row * k..<(row + 1) * k
        #expect(Set(result.neighbours[range]) == Set(neighbours[range]), "\(name), row \(row)")
        let scores = KNearestNeighbors.votes(
          nearest[row].map {
            .init(closeness: $0.closeness, row: Int64($0.row), label: Int64(trainLabels[$0.row]))
          }, classCount: classCount, metric, temperature
        ).map(\.weight)
        // Cosine votes agree up to the weight of the nearest neighbour.
        let unit = metric == .cosine ? exp(nearest[row][0].closeness / temperature) : 1
        let expected = votes[row * classCount..<(row + 1) * classCount].map { $0 / unit }
        #expect(maxRelativeToLargest(scores, expected) < 2e-5, "\(name), row \(row)")
      }
      #expect(try result.predictions.classes == file.int32s("\(name).prediction").map(Int.init), "\(name)")
      #expect(result.top1 == settings["top1"] as? Double, "\(name)")
      #expect(result.top5 == settings["top5_lowest"] as? Double, "\(name)")
    }
  }
}
