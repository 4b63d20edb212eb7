/// The contents of a run's `evaluation.json`, as far as a report shows them: what it lacks, and what another version
/// writes otherwise, is left out.
struct FinalEvaluation: Decodable, Sendable {
  /// How a linear classifier did.
  struct Probe: Decodable, Sendable {
    /// Percent.
    let top1: Double
    let top5: Double?
    /// Images of a class (row) that were taken for a class (column).
    let confusion: [[Double]]
  }

  /// What gates did with the test images.
  struct Gates: Decodable, Sendable {
    struct Block: Decodable, Sendable {
      let name: String
      let gate: String
      let channels: Int
      let density: Double
      let macsShare: Double
      /// Channels that were open for no image, for some and for all.
      let never: Int
      let sometimes: Int
      let always: Int
      /// Images for which each channel was open.
      let open: [Double]
      /// The same of each class.
      let openByClass: [[Double]]
    }

    /// An image that used particularly many channels, or few.
    struct Example: Decodable, Sendable {
      let name: String
      let className: String
      let macsShare: Double
      /// A data URL of a PNG; nil: there is none that can be shown.
      let picture: String?
    }

    let images: Int
    let blocks: [Block]
    let classImages: [Double]
    /// Not finite for a class without images.
    let classMACsShare: [Double]
    /// Of single images.
    let macsShare: (mean: Double, p5: Double, p95: Double)?
    let most: [Example]
    let fewest: [Example]
  }

  let step: Int?
  let classes: [String]
  let probe: Probe?
  let gates: Gates?
}

// MARK: Reading

extension FinalEvaluation {
  private enum CodingKeys: CodingKey { case step, classes, probe, gates }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    step = try? file.decode(Int.self, forKey: .step)
    classes = (try? file.decode([String].self, forKey: .classes)) ?? []
    probe = try? file.decode(Probe.self, forKey: .probe)
    gates = try? file.decode(Gates.self, forKey: .gates)
  }
}

extension FinalEvaluation.Probe {
  private enum CodingKeys: CodingKey { case top1, top5, confusion }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    top1 = try file.decode(Double.self, forKey: .top1)
    top5 = try? file.decode(Double.self, forKey: .top5)
    let counts = (try? file.decode([[Double]].self, forKey: .confusion)) ?? []
    confusion = counts.allSatisfy { $0.count == counts.count } ? counts : []
  }
}

extension FinalEvaluation.Gates {
  private enum CodingKeys: String, CodingKey {
    case images, blocks, most, fewest
    case classImages = "class_images"
    case classMACsShare = "class_macs_share"
    case macsShare = "macs_share"
  }

  private struct Distribution: Decodable { let mean, p5, p95: Double }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    images = try file.decode(Int.self, forKey: .images)
    blocks = try file.decode([Block].self, forKey: .blocks)
    classImages = (try? file.decode([Double].self, forKey: .classImages)) ?? []
    classMACsShare = (try? file.decode([Double?].self, forKey: .classMACsShare).map { $0 ?? .nan }) ?? []
    macsShare = (try? file.decode(Distribution.self, forKey: .macsShare)).map { ($0.mean, $0.p5, $0.p95) }
    most = (try? file.decode([Example].self, forKey: .most)) ?? []
    fewest = (try? file.decode([Example].self, forKey: .fewest)) ?? []
  }
}

extension FinalEvaluation.Gates.Block {
  private enum CodingKeys: String, CodingKey {
    case name, gate, channels, density, never, sometimes, always, open
    case macsShare = "macs_share"
    case openByClass = "open_by_class"
  }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    name = try file.decode(String.self, forKey: .name)
    gate = (try? file.decode(String.self, forKey: .gate)) ?? name
    channels = try file.decode(Int.self, forKey: .channels)
    density = try file.decode(Double.self, forKey: .density)
    macsShare = (try? file.decode(Double.self, forKey: .macsShare)) ?? .nan
    never = (try? file.decode(Int.self, forKey: .never)) ?? 0
    sometimes = (try? file.decode(Int.self, forKey: .sometimes)) ?? 0
    always = (try? file.decode(Int.self, forKey: .always)) ?? 0
    open = (try? file.decode([Double].self, forKey: .open)) ?? []
    openByClass = (try? file.decode([[Double]].self, forKey: .openByClass)) ?? []
  }
}

extension FinalEvaluation.Gates.Example {
  private enum CodingKeys: String, CodingKey {
    case name, picture
    case className = "class"
    case macsShare = "macs_share"
  }

  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    name = (try? file.decode(String.self, forKey: .name)) ?? ""
    className = (try? file.decode(String.self, forKey: .className)) ?? ""
    macsShare = try file.decode(Double.self, forKey: .macsShare)
    // A page must ask nobody for anything: only what holds its picture in itself is shown.
    picture = (try? file.decode(String.self, forKey: .picture)).flatMap {
      $0.hasPrefix("data:image/png;base64,") ? $0 : nil
    }
  }
}
