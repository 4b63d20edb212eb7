import Collectives
import Foundation
import Layers
import Networks
import Objectives
import Optimizers
import TestSupport
import Testing

@testable import Configurations

@Suite struct ConfigurationTests {
  static let shapes = "data: {source: shapes}"
  static let billion = 1_000_000_000

  static func file(_ yaml: String, _ settings: String...) throws(ConfigurationError) -> ConfigurationFile {
    try ConfigurationFile(yaml: yaml, path: "c.yaml", settings: settings)
  }

  /// What runs on images of 32 pixels.
  static func read(_ yaml: String, _ settings: String...) throws -> Configuration {
    try ConfigurationFile(yaml: yaml, path: "c.yaml", settings: settings).resolved(imageSize: 32)
  }

  @Test func defaultsAreThePapers() throws {
    let configuration = try Self.read(Self.shapes)
    #expect(configuration == Configuration(dataSource: "shapes"))
    #expect(configuration.annealingRate == 0.02)
    #expect(configuration.objective.name == .simsiam)
    #expect(configuration.objective[SimSiam.Settings.self].projector == [2048, 2048])
  }

  @Test func valuesReachTheirPlaces() throws {
    let configuration = try Self.read(
      """
      data:
        source: cifar10:some dir
      epochs: 20
      seed: 18446744073709551615
      gates:
      network: {width: 16, zero_init_residual: false, stem: cifar}
      objective:
        name: simclr
        simclr:
          projector: [512, 128]
        simsiam: {predictor_hidden: 32}
      optimizer:
        weight_decay: 1e-4
      augmentation:
        crop_scale: [.2, 1]
      """)
    #expect(configuration.data.source == "cifar10:some dir")
    #expect(configuration.seed == .max)
    #expect(configuration.annealingRate == 0.5)
    #expect(configuration.network.width == 16)
    #expect(!configuration.network.zeroInitResidual)
    #expect(configuration.network.stem == .cifar)
    #expect(configuration.objective[SimCLR.Settings.self].projector == [512, 128])
    #expect(configuration.objective[SimSiam.Settings.self].predictorHidden == 32)
    #expect(configuration.optimizer.weightDecay == 1e-4)
    #expect(configuration.augmentation.cropScale == 0.2...1)
  }

  @Test func settingsOverrideTheFile() throws {
    let configuration = try Self.read(
      Self.shapes + "\nepochs: 20", "epochs=3", "data.source=folder:/a b: c",
      "objective.simsiam.projector=[4, 2]", "threads=2", "threads=auto", "gates.enabled=false")
    #expect(configuration.epochs == 3)
    #expect(configuration.data.source == "folder:/a b: c")
    #expect(configuration.objective[SimSiam.Settings.self].projector == [4, 2])
    #expect(configuration.threads == nil)
    #expect(!configuration.gates.enabled)
  }

  @Test func theOptimizerFollowsItsKeys() throws {
    #expect(try Self.read(Self.shapes).updateRule == .sgd)
    #expect(try Self.read(Self.shapes, "optimizer.name=lars").updateRule == .lars(LARS()))
    let plain = try Self.read(
      Self.shapes, "optimizer.name=lars", "optimizer.trust_coefficient=0.001", "optimizer.clip=false",
      "optimizer.exclude_bias_and_norm=false")
    #expect(
      plain.updateRule
        == .lars(LARS(trustCoefficient: 0.001, clips: false, excludesBiasAndNorm: false)))
    // A checkpoint from before there was a choice of optimizer can be gone on from.
    #expect(try Self.read(Self.shapes + "\noptimizer: {learning_rate: 0.5}") == Self.read(Self.shapes))
  }

  /// Messages are part of what is promised: place, key, what was expected, what was found.
  @Test(arguments: [
    ("epochz: 3", ":1: there is no key 'epochz'; did you mean 'epochs'?"),
    ("seed: 1\n\nmomentum: 0.5", ":3: there is no key 'momentum'; did you mean 'optimizer.momentum'?"),
    ("network: {momentum: 0}", ":1: there is no key 'network.momentum'; did you mean 'optimizer.momentum'?"),
    (
      "gates:\n  eta: 1",
      ":2: there is no key 'gates.eta'; there are gates.enabled, gates.target, gates.latency_table, gates.lambda, "
        + "gates.gamma, gates.alpha, gates.bound_target, gates.temperature, gates.group"
    ),
    ("optimiser:\n  momentum: 1", ":1: there is no key 'optimiser'; did you mean 'optimizer'?"),
    (
      "optimizer:\n  # rate\n  learningrate: 1",
      ":3: there is no key 'optimizer.learningrate'; did you mean 'optimizer.learning_rate'?"
    ),
    ("epochs: 1.5", ":1: 'epochs' must be a whole number from 1 to \(billion), found '1.5'"),
    ("epochs: '3'", ":1: 'epochs' must be a whole number from 1 to \(billion), found the text \"3\""),
    ("epochs: [3]", ":1: 'epochs' must be a whole number from 1 to \(billion), found [3]"),
    ("epochs:", ":1: 'epochs' must be a whole number from 1 to \(billion), found nothing"),
    ("seed: -1", ":1: 'seed' must be a whole number from 0 to \(UInt64.max), found '-1'"),
    (
      "gates:\n  target: 0",
      ":2: 'gates.target' must be a number above 0 and at most 1, or the time of an image, for example 12ms or 800us, found '0'"
    ),
    (
      "gates: {target: 1.01}",
      ":1: 'gates.target' must be a number above 0 and at most 1, or the time of an image, for example 12ms or 800us, found '1.01'"
    ),
    ("gates: {group: 3}", ":1: 'gates.group' must be one of 1, 2, 4, 8, 16, found '3'"),
    ("gates: {temperature: 0}", ":1: 'gates.temperature' must be a number above 0, found '0'"),
    (
      "objective: {temperature: -1}",
      ":1: 'objective.temperature' must be a number of at least 0.0001, found '-1'"
    ),
    ("objective: {simclr: 3}", ":1: 'objective.simclr' must be a section of keys, found '3'"),
    (
      "objective:\n  simclr:\n    temperatur: 1",
      ":3: there is no key 'objective.simclr.temperatur'; did you mean 'objective.simclr.temperature'?"
    ),
    (
      "objective: {simclr: {eta: 1}}",
      ":1: there is no key 'objective.simclr.eta'; there are objective.simclr.temperature, "
        + "objective.simclr.projector"
    ),
    (
      "objective: {simclr.temperature: 1}",
      ":1: write 'simclr.temperature' as a key of the section 'objective.simclr:'"
    ),
    (
      "objective: {simclr: {projector: [8]}}",
      ":1: 'objective.simclr.projector' must be widths from 1 to 65536, [hidden, output], found [8]"
    ),
    (
      "objective: {temperature: nan}",
      ":1: 'objective.temperature' must be a number of at least 0.0001, found 'nan'"
    ),
    ("gates: {temperature: 1e999}", ":1: 'gates.temperature' must be a number above 0, found '1e999'"),
    ("batch: {global: 1}", ":1: 'batch.global' must be a whole number from 2 to \(billion), found '1'"),
    ("gates: {enabled: yes}", ":1: 'gates.enabled' must be true or false, found 'yes'"),
    ("network: {stem: cifer}", ":1: 'network.stem' must be auto, cifar or imagenet, found 'cifer'"),
    ("optimizer: {name: adam}", ":1: 'optimizer.name' must be sgd or lars, found 'adam'"),
    (
      "optimizer: {learning_rate_scaling: sqrt}",
      ":1: 'optimizer.learning_rate_scaling' must be none or linear, found 'sqrt'"
    ),
    (
      "optimizer: {trust_coefficient: 0}",
      ":1: 'optimizer.trust_coefficient' must be a number above 0, found '0'"
    ),
    ("network: {depth: 51}", ":1: 'network.depth' must be one of 11, 13, 16, 18, 19, 34, 50, found '51'"),
    (
      "augmentation: {crop_scale: [1, 0.5]}",
      ":1: 'augmentation.crop_scale' must be [smallest, largest] with 0 < smallest ≤ largest ≤ 1, "
        + "found [1, 0.5]"
    ),
    ("gates: 3", ":1: 'gates' must be a section of keys, found '3'"),
    ("epochs: {a: 1}", ":1: 'epochs' must be a whole number from 1 to \(billion), found a section of keys"),
    ("optimizer.momentum: 0", ":1: write 'optimizer.momentum' as a key of the section 'optimizer:'"),
    ("- 1", ":1: expected keys and values, for example 'epochs: 20'"),
    ("epochs: 1\nepochs: 2", ":1: 'epochs' is given more than once"),
    ("seed: 1\nepochs: [1}", ":2: not valid YAML: did not find expected ',' or ']'"),
    ("epochs: 3", ": 'data.source' is missing; it must be a data set, for example cifar10:DIR or shapes"),
    ("", ": 'data.source' is missing; it must be a data set, for example cifar10:DIR or shapes"),
  ])
  func messagesNamePlaceAndCure(yaml: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.file(yaml) }
    #expect(error.map { "\($0)" } == "c.yaml\(message)")
  }

  @Test(arguments: [
    ("epochs", ": expected KEY=VALUE, for example epochs=20"),
    ("epochz=3", ": there is no key 'epochz'; did you mean 'epochs'?"),
    ("epochs=", ": 'epochs' must be a whole number from 1 to \(billion), found nothing"),
    (
      "gates.target=2",
      ": 'gates.target' must be a number above 0 and at most 1, or the time of an image, for example 12ms or 800us, found '2'"
    ),
    ("epochs=[", ": 'epochs' must be a whole number from 1 to \(billion), found '['"),
    ("data.source=", ": 'data.source' must be a data set, for example cifar10:DIR or shapes, found nothing"),
  ])
  func messagesNameTheOption(setting: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.file(Self.shapes, setting) }
    #expect(error.map { "\($0)" } == "--set \(setting)\(message)")
  }

  @Test func saysThatAFileIsMissing() {
    let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(contentsOf: "no/such.yaml") }
    #expect(error.map { "\($0)" } == "no/such.yaml: cannot be read: No such file or directory")
  }

  /// As editors on Windows write it.
  @Test func marksAndCarriageReturnsAreNoPartOfAFile() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("c.yaml").path
      func read(_ lines: String...) throws -> ConfigurationFile {
        try ("\u{FEFF}" + lines.map { $0 + "\r\n" }.joined()).write(
          toFile: file, atomically: true, encoding: .utf8)
        return try ConfigurationFile(contentsOf: file)
      }
      let written = try read("data:", "  source: folder:/a b", "# none", "epochs: 3")
      let configuration = try written.resolved(imageSize: 32)
      #expect(configuration.data.source == "folder:/a b")
      #expect(configuration.epochs == 3)
      let error = #expect(throws: ConfigurationError.self) {
        try read("data:", "  source: shapes", "epochz: 3")
      }
      #expect(error.map { "\($0)" } == "\(file):3: there is no key 'epochz'; did you mean 'epochs'?")
    }
  }

  /// What a pipe has brought to one rank it cannot bring to another, and other nodes may not have the file.
  @Test(arguments: [1, 3]) func ranksHaveTheTextThatRankZeroReads(ranks: Int) throws {
    func pipe(_ yaml: String) throws -> Pipe {
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data(yaml.utf8))
      try pipe.fileHandleForWriting.close()
      return pipe
    }
    let good = try pipe(Self.shapes + "\nseed: 5\n")
    let path = "/dev/fd/\(good.fileHandleForReading.fileDescriptor)"
    let seeds = try ThreadRanks(ranks).run { communicator in
      try ConfigurationFile(
        contentsOf: communicator.rank == 0 ? path : "no/such.yaml", settings: ["epochs=3"], on: communicator
      ).resolved(imageSize: 32).seed
    }
    #expect(seeds == Array(repeating: 5, count: ranks))

    let bad = try pipe("epochz: 3\n")
    let badPath = "/dev/fd/\(bad.fileHandleForReading.fileDescriptor)"
    let failures = try ThreadRanks(ranks).run { communicator in
      #expect(throws: AgreedFailure.self) { try ConfigurationFile(contentsOf: badPath, on: communicator) }
        .map { "\($0)" }
    }
    let sentence = "\(badPath):1: there is no key 'epochz'; did you mean 'epochs'?"
    #expect(failures == Array(repeating: sentence, count: ranks))
  }

  @Test func printedConfigurationReadsBackEqual() throws {
    var other = Configuration(dataSource: "folder:/a b/\"c\"\\: #d\n\u{7F}é\u{2028}")
    other.maxSteps = 7
    other.threads = 3
    other.seed = .max
    other.network.stem = .imagenet
    other.network.inputSize = 48
    other.gates.alpha = 0.1 + 0.2
    other.optimizer.weightDecay = 1e-12
    other.objective[SimSiam.Settings.self].projector = [512, 128]
    other.augmentation.cropScale = 0.2...1
    for configuration in [Configuration(dataSource: "shapes"), other] {
      #expect(try Self.read(configuration.resolvedYAML) == configuration)
    }
    let sources = [
      "null", "~", "true", "a:", ":a", "- a", "a: b", "a #b", "x:~/y", "'", "{", "%", "@", " a ",
    ]
    for source in sources {
      #expect(try Self.read(Configuration(dataSource: source).resolvedYAML).data.source == source)
    }
  }

  @Test func printingSaysWhatAutoAndScalingComeTo() throws {
    let yaml = try Self.read(Self.shapes, "epochs=20", "objective.name=simclr").resolvedYAML
    #expect(yaml.contains("\n  alpha: auto  # 0.5\n"))
    #expect(yaml.contains("\n  learning_rate_scaling: none\n"))
    let scaled = try Self.read(
      Self.shapes, "optimizer.learning_rate_scaling=linear", "batch.global=1024", "gates.alpha=0.1")
    #expect(scaled.peakLearningRate == 2)
    #expect(scaled.learningRates.peak == 2)
    #expect(scaled.resolvedYAML.contains("\n  learning_rate_scaling: linear  # peak 2.0\n"))
    #expect(scaled.resolvedYAML.contains("\n  alpha: 0.1\n"))
  }

  @Test func everyKeyIsPrintedAndTakesItsOwnValue() throws {
    let configuration = try Self.read(Self.shapes)
    for key in ConfigurationKey.all {
      let setting = "\(key.name)=\(key.print(ConfigurationFile(configuration)))"
      #expect(try Self.read(Self.shapes, setting) == configuration)
    }
    #expect(Set(ConfigurationKey.all.map(\.name)).count == ConfigurationKey.all.count)
  }

  @Test func differencesNameKeyOldAndNew() throws {
    let old = try Self.read(Self.shapes)
    var new = old
    #expect(new.differences(from: old).isEmpty)
    new.threads = 4
    #expect(new.decisiveYAML == old.decisiveYAML)
    new.gates.target = 0.3
    #expect(
      new.differences(from: old) == [
        .init(key: "threads", old: "auto", new: "4", decidesResult: false),
        .init(key: "gates.target", old: "0.5", new: "0.3", decidesResult: true),
      ])
    #expect(new.decisiveYAML != old.decisiveYAML)
    #expect(try Self.read(new.decisiveYAML).gates.target == 0.3)
  }

  /// The message that follows from batch, shard, images and ranks; nil: they fit.
  @Test(
    arguments: [
      (256, 32, 10_000, 1, nil), (256, 32, 256, 8, nil), (96, 32, 100, 3, nil),
      (
        256, 32, 100, 1,
        "batch.global is 256, the data set has 100 images: "
          + "the largest allowed with batch.shard 32 on 1 rank is 96"
      ),
      (
        256, 32, 31, 2,
        "batch.global is 256, the data set has 31 images: the largest allowed is 30, with a smaller batch.shard"
      ),
      (256, 32, 3, 4, "the data set has 3 images, fewer than 4 ranks: start fewer ranks"),
      (2, 1, 1, 1, "the data set has 1 image, training needs at least 2"),
      (
        256, 32, 10_000, 3,
        "batch.global 256 is not a whole number of shards of batch.shard 32 for each of 3 ranks: "
          + "use batch.global 192 or batch.global 288"
      ),
      (
        64, 32, 10_000, 4,
        "batch.global 64 is not a whole number of shards of batch.shard 32 for each of 4 ranks: "
          + "use batch.global 128 or batch.shard 16"
      ),
      (
        250, 32, 250, 1,
        "batch.global 250 is not a whole number of shards of batch.shard 32 for each of 1 rank: "
          + "use batch.global 224 or batch.shard 25"
      ),
    ] as [(Int, Int, Int, Int, String?)])
  func batchMustFitShardsRanksAndData(
    global: Int, shard: Int, images: Int, ranks: Int, message: String?
  ) {
    var configuration = Configuration(dataSource: "shapes")
    configuration.batch.global = global
    configuration.batch.shard = shard
    let conflict = configuration.conflict(imageCount: images, worldSize: ranks)
    #expect(conflict.map { "\($0)" } == message)
  }

  // MARK: Sizes

  struct Sizes: Sendable {
    let (settings, imageSize): ([String], Int)
    let (inputSize, stem): (Int, ResNetConfiguration.Stem)
  }

  @Test(arguments: [
    Sizes(settings: [], imageSize: 32, inputSize: 32, stem: .cifar),
    Sizes(settings: [], imageSize: 95, inputSize: 95, stem: .cifar),
    Sizes(settings: [], imageSize: 96, inputSize: 96, stem: .imagenet),
    Sizes(settings: ["network.input_size=64"], imageSize: 224, inputSize: 64, stem: .cifar),
    Sizes(settings: ["network.input_size=224"], imageSize: 32, inputSize: 224, stem: .imagenet),
    Sizes(settings: ["network.stem=imagenet"], imageSize: 32, inputSize: 32, stem: .imagenet),
  ])
  func theDataDecidesWhatIsNotWritten(_ sizes: Sizes) throws {
    let file = try ConfigurationFile(yaml: Self.shapes, path: "c.yaml", settings: sizes.settings)
    let configuration = try file.resolved(imageSize: sizes.imageSize)
    #expect(configuration.network.inputSize == sizes.inputSize && configuration.network.stem == sizes.stem)
    #expect(configuration.views.size == sizes.inputSize)
    // What was resolved is what is recorded: other data does not change it.
    for yaml in [configuration.resolvedYAML, configuration.decisiveYAML] {
      let recorded = try ConfigurationFile(yaml: yaml, path: "c.yaml").resolved(imageSize: 11)
      #expect(recorded.network == configuration.network)
    }
  }

  @Test func printingAFileSaysWhoDecides() throws {
    let yaml = try Self.file(Self.shapes).yaml
    #expect(yaml.contains("\n  stem: auto  # cifar for inputs below 96 pixels, else imagenet\n"))
    #expect(yaml.contains("\n  input_size: auto  # the size of the data's images\n"))
  }

  // MARK: Kernels

  static let tableItems = [
    "sluice=1 instruction_set=avx512",
    "rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=direct backward_data=winograd",
  ]

  @Test func kernelsAreARuleOrAFile() throws {
    #expect(try Self.read(Self.shapes, "kernels=direct").kernels == .direct)
    let onednn = try Self.read(Self.shapes, "kernels=onednn")
    #expect(onednn.kernels == .library("onednn") && onednn.decisiveYAML.contains("\nkernels: onednn\n"))
    #expect(try Self.file(Self.shapes, "kernels=a/b.yaml").yaml.contains("\nkernels: a/b.yaml\n"))
    #expect(try Self.file(Self.shapes + "\nkernels: a/b.yaml").yaml.contains("\nkernels: a/b.yaml\n"))
    #expect(try Self.read(Self.shapes, "precision=bf16").precision == .bf16)
  }

  /// So that a checkpoint can be read, and a run gone on with, without the file.
  @Test func aTableThatWasReadIsPartOfTheConfiguration() throws {
    var configuration = try Self.read(Self.shapes)
    configuration.kernels = .table(try KernelTable(items: Self.tableItems))
    for yaml in [configuration.resolvedYAML, configuration.decisiveYAML] {
      #expect(yaml.contains("\nkernels:\n  - \(Self.tableItems[0])\n  - \(Self.tableItems[1])\n"))
      #expect(try Self.read(yaml) == configuration)
    }
    #expect(
      configuration.backbone.kernels == ConvolutionKernels(.table(try KernelTable(items: Self.tableItems))))
  }

  @Test func aTableFromElsewhereIsMentioned() throws {
    var configuration = try Self.read(Self.shapes)
    let here = [ConvolutionLibrary(name: "Sluice", version: "1", instructionSet: "avx512")]
    #expect(configuration.kernelWarning(here: here) == nil)
    configuration.kernels = .table(try KernelTable(items: Self.tableItems))
    #expect(configuration.kernelWarning(here: here) == nil)
    #expect(
      configuration.kernelWarning(here: [.init(name: "Sluice", version: "2", instructionSet: "avx2")])
        == "the table of kernels was measured with Sluice 1 on avx512, here is Sluice 2 on avx2: "
        + "others may be faster")
  }

  @Test func rankZeroReadsTheTable() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("kernels.yaml").path
      let table = try KernelTable(items: Self.tableItems)
      try table.write(to: path, comment: "measured: on a machine")
      let file = try Self.file(Self.shapes, "kernels=\(path)")
      #expect(try file.resolved(imageSize: 32).kernels == .table(table))
      #expect(try file.readingFiles(on: .alone()).yaml.contains("\nkernels:\n  - \(Self.tableItems[0])\n"))
    }
  }

  @Test(arguments: [
    ("- onednn=2 instruction_set=any\n- rows=64\n", ":2: this item has no 'in='"),
    ("a: 1\n", ":1: expected the list that 'sluice bench kernels --write' writes"),
    ("", ":1: expected the list that 'sluice bench kernels --write' writes"),
    ("# text\n- onednn=2 instruction_set=any\n- {a: 1}\n", ":3: expected a line of words like rows=64"),
    ("- [a\n", ":2: not valid YAML: did not find expected ',' or ']'"),
    (
      "- sluice=1 instruction_set=any\n"
        + "- rows=1 in=4x4x4 out=4 kernel=1 stride=1 padding=0 forward=onednn:bf16\n",
      " chooses bf16 for some convolutions, which 'precision: f32' does not allow: set precision to bf16, or "
        + "measure without"
    ),
  ])
  func saysWhatIsWrongWithATable(text: String, message: String) throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("kernels.yaml").path
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let file = try Self.file(Self.shapes, "kernels=\(path)")
      let error = #expect(throws: (any Error).self) { try file.resolved(imageSize: 32) }
      #expect(error.map { "\($0)" } == path + message)
    }
  }

  /// Of a global batch of 256 in shards of 16.
  @Test(
    arguments: [
      (64, 1, nil), (64, 4, nil), (256, 8, nil), (16, 1, nil),
      (
        48, 1,
        "batch.micro 48 does not divide batch.global 256 into whole shards of batch.shard 16 for each of 1 rank: "
          + "use batch.micro 32 or batch.micro 64"
      ),
      (
        32, 4,
        "batch.micro 32 does not divide batch.global 256 into whole shards of batch.shard 16 for each of 4 ranks: "
          + "use batch.micro 64"
      ),
      (
        512, 1,
        "batch.micro 512 does not divide batch.global 256 into whole shards of batch.shard 16 for each of 1 rank: "
          + "use batch.micro 256"
      ),
    ] as [(Int, Int, String?)])
  func microBatchesMustFitBatchShardsAndRanks(micro: Int, ranks: Int, message: String?) throws {
    let configuration = try Self.read(
      Self.shapes, "batch.global=256", "batch.shard=16", "batch.micro=\(micro)")
    #expect(configuration.batch.microBatches == 256 / micro || message != nil)
    let conflict = configuration.conflict(imageCount: 10_000, worldSize: ranks)
    #expect(conflict.map { "\($0)" } == message)
  }

  /// What a run is split into decides its result, how much it remembers does not.
  @Test func recomputingMayChangeWhenARunGoesOn() throws {
    let old = try Self.read(Self.shapes)
    let new = try Self.read(Self.shapes, "memory.recompute=true", "batch.micro=64")
    #expect(
      new.differences(from: old).map(\.description) == [
        "batch.micro: none → 64", "memory.recompute: false → true",
      ])
    #expect(new.differences(from: old).map(\.decidesResult) == [true, false])
  }
}
