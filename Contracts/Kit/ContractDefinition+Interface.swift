internal import Primitives

extension ContractDefinition {
    /// The machine-readable interface: calls, queries, events, rejections and storage with their BCS layouts, from the
    /// declarations that the host runs.
    package var interfaceJSON: String {
        var json = JSONWriter()
        json.object { json in
            json.field("contract", name)
            json.key("version")
            json.number(version)
            json.field("sources", sources.description)
            json.field("summary", summary)
            json.key("instantiable")
            json.bool(isInstantiable)
            if let initialize {
                json.key("initialize")
                json.call(initialize)
            }
            json.key("calls")
            json.array(calls) { $0.call($1) }
            json.key("queries")
            json.array(queries) { $0.call($1) }
            json.key("events")
            json.array(events) { json, event in
                json.object { json in
                    json.key("number")
                    json.number(event.number)
                    json.field("name", event.name)
                    json.field("summary", event.summary)
                    json.key("payload")
                    json.shape(event.payload)
                }
            }
            json.key("rejections")
            json.array(rejections) { json, rejection in
                json.object { json in
                    json.key("code")
                    json.number(rejection.code)
                    json.field("name", rejection.name)
                    json.field("text", rejection.text)
                }
            }
            json.key("storage")
            json.array(storage) { json, collection in
                json.object { json in
                    json.key("number")
                    json.number(collection.number)
                    json.field("name", collection.name)
                    json.field("kind", collection.kind)
                }
            }
        }
        return json.text + "\n"
    }
}

extension JSONWriter {
    fileprivate mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    fileprivate mutating func call(_ call: CallDeclaration) {
        object { json in
            json.key("number")
            json.number(call.number)
            json.field("name", call.name)
            json.field("summary", call.summary)
            json.key("arguments")
            json.shape(call.arguments)
            json.key("output")
            json.shape(call.output)
        }
    }

    fileprivate mutating func fields(_ fields: [Shape.Field]) {
        array(fields) { json, field in
            json.object { json in
                json.field("name", field.name)
                json.key("type")
                json.shape(field.shape)
            }
        }
    }

    /// A plain type is a string; others are objects with `type`.
    fileprivate mutating func shape(_ shape: Shape) {
        switch shape {
        case .bool: string("bool")
        case .u8: string("u8")
        case .u16: string("u16")
        case .u32: string("u32")
        case .u64: string("u64")
        case .i64: string("i64")
        case .digest: string("digest")
        case .address: string("address")
        case .publicKey: string("publicKey")
        case .signature: string("signature")
        case .text(let max): sized("text", max)
        case .bytes(let max): sized("bytes", max)
        case .option(let element):
            object { json in
                json.field("type", "option")
                json.key("of")
                json.shape(element)
            }
        case .list(let element, let max):
            object { json in
                json.field("type", "list")
                json.key("of")
                json.shape(element)
                json.key("max")
                json.number(max)
            }
        case .record(let name, let list):
            object { json in
                json.field("type", "record")
                json.field("name", name)
                json.key("fields")
                json.fields(list)
            }
        case .choice(let name, let cases): choice(name, cases)
        case .code(let name, let values):
            object { json in
                json.field("type", "code")
                json.field("name", name)
                json.key("values")
                json.array(values) { json, value in
                    json.object { json in
                        json.key("value")
                        json.number(value.value)
                        json.field("name", value.name)
                    }
                }
            }
        }
    }

    private mutating func sized(_ type: String, _ max: Int) {
        object { json in
            json.field("type", type)
            json.key("max")
            json.number(max)
        }
    }

    private mutating func choice(_ name: String, _ cases: [Shape.Case]) {
        object { json in
            json.field("type", "choice")
            json.field("name", name)
            json.key("cases")
            json.array(cases) { json, one in
                json.object { json in
                    json.key("tag")
                    json.number(one.tag)
                    json.field("name", one.name)
                    json.key("fields")
                    json.fields(one.fields)
                }
            }
        }
    }
}
