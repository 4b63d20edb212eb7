import Crypto
import Foundation
import Foundations

/// A data set that was opened: its parts, and what was found out about them.
public struct DataParts: Sendable {
  public let datasets: PerPart<any ImageDataset>
  /// What it is, for everybody who compares results: counts, classes, digests; one sentence each.
  public let notes: [String]
  /// What a person should know about the data although it is usable; one sentence each.
  public let warnings: [String]
  /// What was found to be unusable when the data was opened, and was let pass: images, and folders without any.
  public let faults: [DataFault]
  /// SHA-256 over what decides which image has which number and label, in hexadecimal; nil where the name of the data
  /// says it.
  public let digest: String?
  /// For the file that `DatasetOptions.indexFile` names at the next start; nil where it need not be written, and on
  /// other ranks than 0.
  public let index: Data?

  /// - Parameters:
  ///   - reference: Labelled; nil: the training images, if they are.
  ///   - test: nil: there is none, and what was learned cannot be tested on this data.
  public init(
    train: any ImageDataset, reference: (any ImageDataset)? = nil, test: (any ImageDataset)?,
    notes: [String] = [], warnings: [String] = [], faults: [DataFault] = [], digest: String? = nil,
    index: Data? = nil
  ) {
    datasets = PerPart(train: train, reference: reference, test: test)
    self.notes = notes
    self.warnings = warnings
    self.faults = faults
    self.digest = digest
    self.index = index
  }

  /// The digest of data whose kind says which files there are: over the numbers of images and their labels, in order.
  static func digest(ofLabelsIn datasets: PerPart<any ImageDataset>) -> String {
    var hash = SHA256()
    for (part, dataset) in datasets.all {
      hash.update(data: Data("\(part.rawValue) \(dataset.count)\n".utf8))
      guard dataset.isLabelled else { continue }
      hash.update(data: Data((0..<dataset.count).map { UInt8(truncatingIfNeeded: dataset.label(at: $0)!) }))
    }
    return hash.finalize().hexadecimal
  }

  public var train: any ImageDataset { datasets.train }
  public var test: (any ImageDataset)? { datasets.test }

  /// The part among which k-NN looks for neighbours; nil: nothing that could serve is labelled.
  public var neighborPart: DataPart? {
    [.reference, .train].first { datasets[$0]?.isLabelled == true }
  }

  /// The images of all parts.
  public var imageCount: Int { datasets.values.reduce(0) { $0 + $1.count } }

  /// The images of a part.
  ///
  /// - Parameter source: What a person calls the data.
  /// - Throws: `DatasetError.noPart`.
  public func images(of part: DataPart, source: String) throws(DatasetError) -> any ImageDataset {
    guard let dataset = datasets[part] else {
      throw .noPart(part, of: source, parts: datasets.all.map(\.part))
    }
    return dataset
  }

  /// One name a label, as the labelled parts have them; empty where there are no labels.
  public var classNames: [String] { datasets.values.map(\.classNames).first { !$0.isEmpty } ?? [] }
}

// MARK: Classification

/// Images that can be classified, and the labelled ones that they are compared with.
public struct ClassifiableParts: Sendable {
  /// Where neighbours are looked for.
  public let neighborPart: DataPart
  public let neighbors: any ImageDataset
  public let test: any ImageDataset
}

/// Why the images of a data set cannot be classified.
public enum ClassificationGap: Error, Sendable {
  case noTestImages, noTestLabels, noLabels

  /// Completes the sentence "the data has …".
  public var words: String {
    switch self {
    case .noTestImages: "no test images"
    case .noTestLabels: "no labels for its test images"
    case .noLabels: "no labelled images to compare test images with"
    }
  }
}

extension DataParts {
  /// What an evaluation by labels takes.
  public func classifiable() throws(ClassificationGap) -> ClassifiableParts {
    guard let test else { throw .noTestImages }
    guard test.isLabelled else { throw .noTestLabels }
    guard let part = neighborPart, let neighbors = datasets[part] else { throw .noLabels }
    return ClassifiableParts(neighborPart: part, neighbors: neighbors, test: test)
  }

  /// The same for whom there is nothing to do without.
  ///
  /// - Parameter source: What a person calls the data.
  /// - Throws: `DatasetError.notClassifiable`.
  public func classifiable(source: String) throws(DatasetError) -> ClassifiableParts {
    do throws(ClassificationGap) {
      return try classifiable()
    } catch {
      throw .notClassifiable(source, error)
    }
  }

  /// Why nothing can be classified; nil: it can.
  public var classificationGap: ClassificationGap? {
    do throws(ClassificationGap) {
      _ = try classifiable()
      return nil
    } catch {
      return error
    }
  }
}
