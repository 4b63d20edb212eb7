import Foundation
import Images

extension DataKind {
  static let cifar10 = inFolder("cifar10") { folder, opener in
    try opener.communicator.agree { try CIFARLayout.cifar10.open(folder: URL(fileURLWithPath: folder)) }
  }

  static let cifar100 = inFolder("cifar100") { folder, opener in
    try opener.communicator.agree { try CIFARLayout.cifar100.open(folder: URL(fileURLWithPath: folder)) }
  }
}

extension Normalization {
  /// Of the original CIFAR-10 training images.
  public static let cifar10 = Normalization(
    mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616])
  /// Of the original CIFAR-100 training images.
  public static let cifar100 = Normalization(
    mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762])
}

/// Which files make up CIFAR-10 and CIFAR-100, and what the originals hold.
struct CIFARLayout: Sendable {
  let name: String
  let trainFiles: [String]
  let testFiles: [String]
  /// Class names, one a line.
  let namesFile: String
  let classes: Int
  let labelBytes: Int
  let trainCount: Int
  let testCount: Int
  let normalization: Normalization

  static let cifar10 = CIFARLayout(
    name: "cifar10", trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFiles: ["test_batch.bin"],
    namesFile: "batches.meta.txt", classes: 10, labelBytes: 1, trainCount: 50_000, testCount: 10_000,
    normalization: .cifar10)

  static let cifar100 = CIFARLayout(
    name: "cifar100", trainFiles: ["train.bin"], testFiles: ["test.bin"],
    namesFile: "fine_label_names.txt", classes: 100, labelBytes: 2, trainCount: 50_000, testCount: 10_000,
    normalization: .cifar100)

  /// Opens both parts. Parts of the original are accepted with one warning.
  ///
  /// - Throws: `DatasetError` for a missing part, a file that ends inside a record, a label out of range.
  func open(folder: URL) throws(DatasetError) -> DataParts {
    let names = classNames(folder)
    let (train, trainFound) = try part("train", trainFiles, folder, names)
    let (test, testFound) = try part("test", testFiles, folder, names)
    var warnings: [String] = []
    if train.count != trainCount || test.count != testCount {
      warnings.append(
        "\(name): \(folder.path) holds \(train.count) of the original's \(trainCount) training images "
          + "(\(trainFound) of \(trainFiles.count) files) and \(test.count) of \(testCount) test images "
          + "(\(testFound) of \(testFiles.count) files)")
    }
    return DataParts(
      train: train, test: test, warnings: warnings,
      digest: DataParts.digest(ofLabelsIn: PerPart(train: train, test: test)))
  }

  private func part(
    _ part: String, _ files: [String], _ folder: URL, _ names: [String]
  ) throws(DatasetError) -> (dataset: CIFARDataset, files: Int) {
    let found = files.map { folder.appendingPathComponent($0) }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
    guard !found.isEmpty else {
      throw .missingFiles(dataset: "\(name) \(part)", names: files, folder: folder.path)
    }
    let dataset = try CIFARDataset(
      name: "\(name) \(part)", files: found, labelBytes: labelBytes, classNames: names,
      normalization: normalization)
    return (dataset, found.count)
  }

  /// The names in the original's list beside the data; numbers where there is no list of the right length.
  private func classNames(_ folder: URL) -> [String] {
    let list = try? String(contentsOf: folder.appendingPathComponent(namesFile), encoding: .utf8)
    let names = (list ?? "").split(whereSeparator: \.isNewline).map(String.init)
    return names.count == classes ? names : (0..<classes).map(String.init)
  }
}
