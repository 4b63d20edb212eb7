import Collectives
import Datasets
import Layers
import Networks

/// A configuration as it is written: it may name files and leave sizes to the data.
///
/// It comes from a YAML file and `--set` options. `resolved` is the one way from here to a `Configuration`, which is
/// what runs; `init(_:)` is the way back, which leaves nothing open.
public struct ConfigurationFile: Sendable {
  /// Everything that means itself. What may be open stands below; its places in here are not looked at.
  var values: Configuration
  /// The class folders that are used; nil: those that belong to the kind of data.
  var classes = ValueOrFile<ClassList?>.value(nil)
  /// Which algorithm computes which convolution.
  var kernels = ValueOrFile<ConvolutionKernels.Choice>.value(.auto)
  /// What open channels take, where the gates' target is a time.
  var latencyTable = ValueOrFile<LatencyTable?>.value(nil)
  /// Height and width of the network's input in pixels; nil: those of the data's images.
  public var inputSize: Int?
  /// nil: CIFAR's for inputs below 96 pixels, else ImageNet's.
  var stem: ResNetConfiguration.Stem?

  /// A value, or the path of a file that holds it.
  enum ValueOrFile<Value: Sendable>: Sendable {
    case value(Value)
    case file(String)

    /// The value, which `read` finds in the file.
    func value(reading read: (_ path: String) throws -> Value) rethrows -> Value {
      switch self {
      case .value(let value): value
      case .file(let path): try read(path)
      }
    }
  }

  /// Of a rank; nil: its share of the cores.
  public var threads: Int? { values.threads }

  /// What 'sluice prune' does.
  public var pruning: PruningSettings { values.pruning }

  /// The smallest input that ImageNet's stem is for.
  private static let smallestLargeInput = 96

  init(dataSource: String) {
    values = Configuration(dataSource: dataSource)
  }

  /// What would be written for `configuration`.
  public init(_ configuration: Configuration) {
    values = configuration
    classes = .value(configuration.data.classes)
    kernels = .value(configuration.kernels)
    latencyTable = .value(configuration.gates.latencyTable)
    inputSize = configuration.network.inputSize
    stem = configuration.network.stem
  }

  /// Names other data, and classes of it where these are chosen.
  public mutating func replaceData(by source: String, classes list: ClassList?) {
    values.data.source = source
    if let list { classes = .value(list) }
  }

  /// The same on other data, all classes of it.
  public func reading(_ source: String) -> ConfigurationFile {
    var file = self
    file.values.data.source = source
    file.classes = .value(nil)
    return file
  }

  /// The same with the contents of the files that it names, which rank 0 reads: other nodes need not see its disk.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public func readingFiles(on communicator: Communicator) throws -> ConfigurationFile {
    var file = self
    file.classes = .value(try classList(on: communicator))
    file.kernels = .value(try kernelChoice(on: communicator))
    file.latencyTable = .value(try measuredLatencies(on: communicator))
    return file
  }

  /// What runs.
  ///
  /// - Parameters:
  ///   - imageSize: Side in pixels of the data's images, which the network takes in unless something else is written.
  ///   - classCount: Of the images that are trained on; nil: they have no labels, or nothing is going to be trained.
  /// - Throws: The same `AgreedFailure` on every rank where a file that it names cannot be used, or the network is none
  ///   or cannot be trained to the gates' target.
  public func resolved(
    imageSize: Int, classCount: Int? = nil, on communicator: Communicator = .alone()
  ) throws -> Configuration {
    var configuration = values
    configuration.data.classes = try classList(on: communicator)
    configuration.kernels = try kernelChoice(on: communicator)
    configuration.gates.latencyTable = try measuredLatencies(on: communicator)
    configuration.network.inputSize = inputSize ?? imageSize
    configuration.network.stem =
      stem ?? (configuration.network.inputSize < Self.smallestLargeInput ? .cifar : .imagenet)
    try communicator.agree {
      if let conflict = configuration.conflict { throw conflict }
    }
    if let classCount { configuration.objective.settle(classCount: classCount) }
    return configuration
  }

  /// Opens the data that it names, and resolves it with that.
  ///
  /// - Parameters:
  ///   - indexFile: See `DatasetOptions.indexFile`.
  ///   - inform: Is told on rank 0 what may take long.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public func opened(
    on communicator: Communicator, indexFile: String? = nil, inform: (String) -> Void = { _ in }
  ) throws -> (configuration: Configuration, data: DataParts) {
    let file = try readingFiles(on: communicator)
    let options = DatasetOptions(
      classList: try file.classList(on: communicator), indexFile: indexFile, onError: values.data.onError)
    let data = try DatasetSource.open(values.data.source, options, on: communicator, inform: inform)
    let configuration = try file.resolved(
      imageSize: data.train.imageSize, classCount: data.train.labelledClassCount, on: communicator)
    return (configuration, data)
  }

  /// Whether the gates' target is a time.
  var budgetsTime: Bool { values.gates.target.milliseconds != nil }

  /// nil: the budget needs none, or none is named.
  private func measuredLatencies(on communicator: Communicator) throws -> LatencyTable? {
    guard budgetsTime else { return nil }
    return try latencyTable.value { try LatencyTable(contentsOf: $0, on: communicator) }
  }

  private func classList(on communicator: Communicator) throws -> ClassList? {
    try classes.value { try ClassList(contentsOf: $0, on: communicator) }
  }

  private func kernelChoice(on communicator: Communicator) throws -> ConvolutionKernels.Choice {
    try kernels.value { path in
      .table(
        try KernelTable(
          contentsOf: path, allowingBF16: values.precision == .bf16, on: communicator))
    }
  }
}
