import Configurations
import Foundation
import Layers
import Networks
import Objectives
import Optimizers
import Tensors
import Training

/// Ten or so whole training steps on one fixed batch: start state, images, what the first step gives, and one
/// folder for each run with its own learning rate and uniform numbers.
public struct EndToEndCase: Sendable, CustomStringConvertible {
  public let golden: GoldenCase
  /// Folders of runs, in order of names.
  public let runs: [EndToEndRun]
  let initial: SafetensorsFile
  let images: SafetensorsFile
  let firstStep: SafetensorsFile

  public init(_ golden: GoldenCase) throws {
    self.golden = golden
    initial = try golden.tensors("init")
    images = try golden.tensors("images")
    firstStep = try golden.tensors("step0")
    let names = try FileManager.default.contentsOfDirectory(atPath: golden.folder.path).sorted()
    runs = try names.filter {
      FileManager.default.fileExists(atPath: golden.path("\($0)/trajectory.json").path)
    }.map { try EndToEndRun(folder: golden.path($0)) }
  }

  public var description: String { golden.description }

  /// What Sluice cannot do yet; nil where it can run the case.
  public var unsupported: String? {
    if initial.names.contains(where: { $0.contains("bn1_s") }) { return "separate batch norms for two paths" }
    for run in runs {
      let configuration = run.trajectory.config
      if configuration.block != "basic" { return "\(configuration.block) blocks" }
      if configuration.optimizer.gateWeightDecay != 0 { return "gates with weight decay" }
    }
    return nil
  }

  /// The run whose uniform numbers the first step's tensors were made with: its gradient has their norm.
  var firstStepRun: EndToEndRun? {
    get throws {
      let gradients = try firstStep.names.filter { $0.hasPrefix("grad.") }.map { try firstStep.floats($0) }
      let norm = gradients.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return runs.min { abs($0.firstNorm - norm) < abs($1.firstNorm - norm) }
    }
  }

  /// Our name of a golden tensor: torchvision's without `backbone.`, gates under `gate`.
  static func name(_ golden: String) -> String {
    golden.replacing("backbone.", with: "").replacing("mask_c.atten_c", with: "gate")
  }
}

/// One run of a case.
public struct EndToEndRun: Sendable, CustomStringConvertible {
  public let folder: URL
  let trajectory: Trajectory
  let tolerances: Tolerances
  let uniforms: SafetensorsFile
  let final: SafetensorsFile

  init(folder: URL) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
      try decoder.decode(type, from: Data(contentsOf: folder.appendingPathComponent("\(name).json")))
    }
    func tensors(_ name: String) throws -> SafetensorsFile {
      try SafetensorsFile(contentsOf: folder.appendingPathComponent("\(name).safetensors").path)
    }
    self.folder = folder
    trajectory = try decode(Trajectory.self, "trajectory")
    tolerances = try decode(Tolerances.self, "tolerances")
    uniforms = try tensors("uniforms")
    final = try tensors("final")
  }

  public var description: String { folder.lastPathComponent }
  /// Why the batch cannot be shared out to so many ranks in such shards; nil: it can.
  public func obstacle(ranks: Int, shardSize: Int) -> String? {
    let images = trajectory.config.batch
    guard images % (ranks * shardSize) != 0 else { return nil }
    return "a batch of \(images) is not divisible by \(ranks) ranks × shards of \(shardSize)"
  }

  /// Whether rounding is magnified so much that later steps say nothing: at a rate of 0.05 a trajectory loses a digit
  /// every few steps, as its tolerances show, at 0.005 it keeps all of them.
  private var isChaotic: Bool { trajectory.config.optimizer.lr > 0.01 }
  /// The steps to compare.
  var steps: ArraySlice<Trajectory.Step> { isChaotic ? trajectory.steps.prefix(3) : trajectory.steps[...] }
  /// Whether what the last step leaves is compared as well.
  var isComparedToTheEnd: Bool { steps.count == trajectory.steps.count }
  var firstNorm: Double { trajectory.steps[0].gradientNorm }
}

/// `trajectory.json`: settings, and what every step gave before its update.
struct Trajectory: Decodable, Sendable {
  struct Configuration: Decodable {
    struct Optimizer: Decodable {
      let lr: Double
      let momentum: Double
      let weightDecay: Double
      let gateWeightDecay: Double
      let lars: GoldenLARS?
      var rule: Optimizers.Optimizer.Rule { lars?.rule ?? .sgd }
    }

    /// Written `["3x3", padding]`.
    struct Stem: Decodable {
      let kernel: String
      let padding: Int

      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        kernel = try values.decode(String.self)
        padding = values.isAtEnd ? 0 : try values.decode(Int.self)
      }
    }

    let width: Int
    let input: Int
    let batch: Int
    let stem: Stem
    let blocks: [Int]
    let block: String
    let target: Double
    let p: Double
    let lambda: Double
    let gamma: Double
    let optimizer: Optimizer
    /// NT-Xent's.
    let temperature: Double?
  }

  struct Step: Decodable {
    let total: Double
    let ssl: Double
    let spar: [Double]
    let bound: [Double]
    let flops: [Double]
    let denseFlops: Double
    let gradientNorm: Double
  }

  let config: Configuration
  let steps: [Step]
}

/// `tolerances.json`: how far float32 runs of the reference were from its float64 run.
struct Tolerances: Decodable, Sendable {
  struct Group: Decodable {
    let relativeL2: Double
  }

  let features: Group
  let blocks: Group?
  let embeddings: Group
  let logits: Group
  let gradients: Group
  let finalParameters: Group
  let finalRunning: Group
  let evalFeatures: Group
  let totalError: [Double]
  let sslAbsolute: [Double]
  let gradientNormRelative: [Double]

  /// About ten times what was measured, and 1e-5 where that is smaller, as the case's README says.
  static func accepted(_ measured: Double) -> Double { max(10 * measured, 1e-5) }
}
