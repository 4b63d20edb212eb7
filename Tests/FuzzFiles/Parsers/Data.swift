import Collectives
import Datasets
import Foundation
import Foundations

extension FileParser {
  static let classes = FileParser(
    "classes", pace: 20_000, ["cat\ndog\n# a comment\n\n", "\u{FEFF}n01440764\r\nn02119789\r\n"],
    tokens: ["\n", "\r", "#", "..", "/", ".x", "\0", "\u{FEFF}", "e\u{301}", "é"]
  ) { folder in
    { bytes in
      try write(bytes, to: "\(folder)/classes.txt")
      _ = try ClassList(contentsOf: "\(folder)/classes.txt").digest
    }
  }

  /// The paths of images.
  static let images = FileParser(
    "images", ["a.png\nb/c.png\n/x/y.jpg\n", "a.png"],
    tokens: ["\n", "\r", "\0", "../", "/dev/zero", "a.png"]
  ) { folder in
    try write([0x89, 0x50], to: "\(folder)/a.png")
    return { bytes in
      try write(bytes, to: "\(folder)/list.txt")
      let options = DatasetOptions(onError: .skip)
      let data = try DatasetSource.open("list:\(folder)/list.txt", options, on: .alone())
      _ = (data.train.count, data.train.imageName(at: 0), data.warnings)
    }
  }

  static let cifar10 = FileParser(
    name: "cifar10", pace: 10_000,
    seeds: [[UInt8](repeating: 3, count: 3073), [UInt8](repeating: 9, count: 2 * 3073)]
  ) { folder in
    try write([UInt8](repeating: 1, count: 3073), to: "\(folder)/test_batch.bin")
    return { bytes in
      try write(bytes, to: "\(folder)/data_batch_1.bin")
      let train = try DatasetSource.open("cifar10:\(folder)", on: .alone()).train
      _ = (train.label(at: train.count - 1), try train.image(at: train.count - 1))
    }
  }

  /// Lists that say which class each image of a flat `val` shows.
  static let groundTruths = [
    ("val_annotations.txt", "1.JPEG\ta\t0\t32\t44\t62\nILSVRC2012_val_2.JPEG\tb\n"),
    (
      "LOC_val_solution.csv",
      "ImageId,PredictionString\n1,\"a 1 2 3 4\"\nILSVRC2012_val_2,b 1 2 3 4 b 1 1 1 1\n"
    ),
    ("imagenet_2012_validation_synset_labels.txt", "a\nb\n"),
    ("ILSVRC2012_validation_ground_truth.txt", "1\n2\n"),
  ].map { file, text in
    FileParser(
      String(file.prefix { $0 != "." }), [text],
      tokens: ["\n", "\t", ",", "\"", "\"\"", " ", "1.JPEG", "a", "b", "\u{FEFF}"]
    ) { folder in
      try makeTree(in: folder, test: ["val/1.JPEG", "val/ILSVRC2012_val_2.JPEG"])
      try write(Array("a 1 x\nb 2 y\n".utf8), to: "\(folder)/map_clsloc.txt")
      return { bytes in
        try write(bytes, to: "\(folder)/\(file)")
        let data = try DatasetSource.open("folder:\(folder)", DatasetOptions(onError: .skip), on: .alone())
        _ = (data.warnings, data.test?.count)
      }
    }
  }

  /// What an earlier start kept of a tree.
  static let dataIndex = FileParser(
    name: "data-index", seeds: indices,
    tokens: json + ["\0", "train/a/", "../", "trainBytes", "trainCounts", "testCounts", "faulty", "facts"],
    repair: { bytes in
      let contents = bytes.dropLast(32)
      let digest = DurableFiles.digest(Data(contents))
      return contents
        + stride(from: 0, to: digest.utf8.count, by: 2).map { place in
          UInt8(digest.dropFirst(place).prefix(2), radix: 16)!
        }
    }
  ) { folder in
    try makeIndexedTree()
    return { bytes in
      try write(bytes, to: "\(folder)/data-index")
      let options = DatasetOptions(indexFile: "\(folder)/data-index", onError: .skip)
      let data = try DatasetSource.open("folder:\(indexedTree)", options, on: .alone())
      for (_, dataset) in data.datasets.all {
        for number in 0..<min(dataset.count, 4) {
          _ = (dataset.label(at: number).map { dataset.classNames[$0] }, dataset.imageName(at: number))
        }
      }
    }
  }

  /// An index is of the one tree that it names.
  private static let indexedTree = "\(NSTemporaryDirectory())/fuzz-indexed-tree"

  private static func makeIndexedTree() throws {
    guard !FileManager.default.fileExists(atPath: indexedTree) else { return }
    try makeTree(in: indexedTree, test: ["val/a/1.JPEG"])
    // Old enough to be taken for unchanging, and always the same.
    for path in ["", "/train", "/train/a", "/train/b", "/val", "/val/a"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000)], ofItemAtPath: indexedTree + path)
    }
  }

  private static let indices: [[UInt8]] = {
    try? makeIndexedTree()
    let data = try? DatasetSource.open("folder:\(indexedTree)", DatasetOptions(onError: .skip), on: .alone())
    return [data?.index.map(Array.init) ?? []]
  }()

  /// With two images to train on.
  private static func makeTree(in folder: String, test: [String]) throws {
    for path in ["train/a/0.JPEG", "train/b/0.JPEG"] + test {
      let file = "\(folder)/\(path)"
      try DurableFiles.makeFolder(String(file[..<file.lastIndex(of: "/")!]))
      try write([0xFF, 0xD8, 0xFF, 0xD9], to: file)
    }
  }
}
