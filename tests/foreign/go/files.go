package main

type fileInputs struct {
	Value map[string]any `json:"value"`
}

func computeJSONFile(in fileInputs) (any, error) {
	text, err := canonical(in.Value)
	return textFile(text), err
}

func computeContent(in fileInputs) (any, error) {
	var content struct {
		Questions []struct {
			Options []any `json:"options"`
			Least   byte  `json:"least"`
			Most    byte  `json:"most"`
		} `json:"questions"`
	}
	if err := recode(in.Value, &content); err != nil {
		return nil, err
	}
	var shape []question
	for _, one := range content.Questions {
		shape = append(shape, question{byte(len(one.Options)), one.Least, one.Most})
	}
	text, err := canonical(in.Value)
	made := textFile(text)
	made["shape"] = encodeShape(shape)
	return made, err
}

type issuedInputs struct {
	Places []octets `json:"places"`
}

func computeIssuedList(in issuedInputs) (any, error) {
	var list octets
	for _, key := range in.Places {
		if key == nil {
			key = make(octets, 20)
		}
		list = append(list, key...)
	}
	return outputs{"bytes": list, "sha256": hashOf(list)}, nil
}
