import Collectives
import Configurations
import Datasets
import Evaluation
import Foundation
import Foundations
import Layers
import Tensors
import Training

extension FileParser {
  /// What an interrupted start says of a file of features whose rows are there.
  static let progress = FileParser(
    name: "progress", pace: 2_000, seeds: [embeddingProgress],
    tokens: json + ["images", "metadata", "contents", "data", "gate_names", "dense_macs"]
  ) { folder in
    let start = try startOfEmbedding(in: folder)
    _ = try start()
    return { bytes in
      try write(bytes, to: "\(folder)/features.partial/progress.json")
      _ = try start().title
    }
  }

  /// What goes on with what a folder holds of a file of features.
  private static func startOfEmbedding(in folder: String) throws -> () throws -> Embedding {
    let data = try DatasetSource.open("shapes:8x6", on: .alone())
    let configuration = try ConfigurationFile(
      yaml: """
        {data: {source: shapes}, network: {width: 4, stem: cifar, input_size: 8}, batch: {shard: 2},
         objective: {name: simclr, simclr: {projector: [2, 2]}}}
        """, path: "c.yaml"
    ).resolved(imageSize: 8)
    let pool = WorkerPool.forKernels(threads: 1)
    let extractor = configuration.makeExtractor(
      for: configuration.makeModel().backbone, onError: .stop, pool: pool, communicator: .alone())
    let request = Embedding.Request(
      output: "\(folder)/features", csv: nil, numPy: nil, source: "shapes", part: .test, takesOver: true,
      network: ["model_sha256": "1"])
    return {
      try Embedding(request, of: data, by: extractor, on: .alone(), pool: pool, inform: { _ in })
    }
  }

  /// As it is after the first images.
  private static let embeddingProgress: [UInt8] = {
    var found: Data?
    do {
      let folder = try Campaign.makeFolder()
      defer { try? DurableFiles.remove(folder) }
      _ = try startOfEmbedding(in: folder)().run(
        progress: { _ in
          found = found ?? FileManager.default.contents(atPath: "\(folder)/features.partial/progress.json")
        }, warn: { _ in })
    } catch {
      fail("\(error)")
    }
    return found.map(Array.init) ?? []
  }()
}
