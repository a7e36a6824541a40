// The edge of one region, and all of it that the internet reaches. The API goes to the API gateway, everything else to the page.

@description('Last part of the resource names.')
@minLength(3)
@maxLength(16)
param resourceToken string

@description('Region of the application gateway.')
param location string

@description('Tags of the resources.')
param tags { *: string }

@description('Resource id of the subnet that holds nothing else.')
param subnetId string

@description('Where the certificate is.')
param certificate certificateSource

@description('Address of the API gateway.')
param apiGatewayUri string

@description('Address of the page.')
param webUri string

@description('Resource id of the workspace that takes the logs.')
param workspaceId string

@export()
@description('A certificate in a key vault that exists before the first provisioning.')
@sealed()
type certificateSource = {
  @description('Resource id of the key vault.')
  keyVaultId: string

  @description('Name of the secret, which for a certificate is the name of the certificate.')
  secretName: string
}

@description('First part of the resource names, by resource type.')
var abbreviations = loadJsonContent('../../abbreviations.json')

@description('Name of the application gateway, which its parts repeat in their ids.')
var name = '${abbreviations.networkApplicationGateways}${resourceToken}'

@description('Resource id of the key vault in parts: subscription, group and name are the third, fifth and last.')
var keyVaultParts = split(certificate.keyVaultId, '/')

@description('Longer than any answer of the API gateway, streams included, and as long as the ingress of the container apps.')
var requestTimeoutSeconds = 240

@description('The two backends: their hosts, and the path that says whether they can serve.')
var backends = [
  {
    name: 'api-gateway'
    host: replace(apiGatewayUri, 'https://', '')
    probePath: '/health/ready'
  }
  {
    name: 'web'
    host: replace(webUri, 'https://', '')
    probePath: '/'
  }
]

resource publicAddress 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: '${abbreviations.networkPublicIPAddresses}application-gateway-${resourceToken}'
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  zones: [
    '1'
    '2'
    '3'
  ]
  properties: {
    publicIPAllocationMethod: 'Static'
    dnsSettings: {
      domainNameLabel: name
    }
  }
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${abbreviations.managedIdentityUserAssignedIdentities}application-gateway-${resourceToken}'
  location: location
  tags: tags
}

module readableCertificate 'certificate.bicep' = {
  scope: resourceGroup(keyVaultParts[?2] ?? subscription().subscriptionId, keyVaultParts[?4] ?? resourceGroup().name)
  params: {
    keyVaultName: last(keyVaultParts)
    secretName: certificate.secretName
    readers: [
      {
        principalId: identity.properties.principalId
        principalType: 'ServicePrincipal'
      }
    ]
  }
}

module firewall 'application-gateway-firewall.bicep' = {
  params: {
    name: '${abbreviations.networkFirewallPoliciesWebApplication}${resourceToken}'
    location: location
    tags: tags
  }
}

resource applicationGateway 'Microsoft.Network/applicationGateways@2025-05-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  zones: [
    '1'
    '2'
    '3'
  ]
  properties: {
    sku: {
      name: 'WAF_v2'
      tier: 'WAF_v2'
    }
    // Adding an instance takes minutes: two in two zones carry the load until then.
    autoscaleConfiguration: {
      minCapacity: 2
      maxCapacity: 10
    }
    enableHttp2: true
    firewallPolicy: {
      id: firewall.outputs.id
    }
    // The firewall reads requests whole; answers leave as they arrive, or no stream would.
    globalConfiguration: {
      enableRequestBuffering: true
      enableResponseBuffering: false
    }
    gatewayIPConfigurations: [
      {
        name: 'subnet'
        properties: {
          subnet: {
            id: subnetId
          }
        }
      }
    ]
    frontendIPConfigurations: [
      {
        name: 'public'
        properties: {
          publicIPAddress: {
            id: publicAddress.id
          }
        }
      }
    ]
    frontendPorts: [
      {
        name: 'https'
        properties: {
          port: 443
        }
      }
      {
        name: 'http'
        properties: {
          port: 80
        }
      }
    ]
    // TLS 1.2 with forward secrecy, and 1.3.
    sslPolicy: {
      policyType: 'Predefined'
      policyName: 'AppGwSslPolicy20220101S'
    }
    // Without the version of the secret the gateway follows its renewals.
    sslCertificates: [
      {
        name: 'public'
        properties: {
          keyVaultSecretId: readableCertificate.outputs.secretUri
        }
      }
    ]
    httpListeners: [
      {
        name: 'https'
        properties: {
          protocol: 'Https'
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendIPConfigurations', name, 'public')
          }
          frontendPort: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendPorts', name, 'https')
          }
          sslCertificate: {
            id: resourceId('Microsoft.Network/applicationGateways/sslCertificates', name, 'public')
          }
        }
      }
      {
        name: 'http'
        properties: {
          protocol: 'Http'
          frontendIPConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendIPConfigurations', name, 'public')
          }
          frontendPort: {
            id: resourceId('Microsoft.Network/applicationGateways/frontendPorts', name, 'http')
          }
        }
      }
    ]
    redirectConfigurations: [
      {
        name: 'to-https'
        properties: {
          redirectType: 'Permanent'
          includePath: true
          includeQueryString: true
          targetListener: {
            id: resourceId('Microsoft.Network/applicationGateways/httpListeners', name, 'https')
          }
        }
      }
    ]
    probes: [
      for backend in backends: {
        name: backend.name
        properties: {
          protocol: 'Https'
          path: backend.probePath
          pickHostNameFromBackendHttpSettings: true
          interval: 30
          timeout: 30
          unhealthyThreshold: 3
          match: {
            statusCodes: [
              '200'
            ]
          }
        }
      }
    ]
    backendAddressPools: [
      for backend in backends: {
        name: backend.name
        properties: {
          backendAddresses: [
            {
              fqdn: backend.host
            }
          ]
        }
      }
    ]
    backendHttpSettingsCollection: [
      for backend in backends: {
        name: backend.name
        properties: {
          protocol: 'Https'
          port: 443
          pickHostNameFromBackendAddress: true
          cookieBasedAffinity: 'Disabled'
          requestTimeout: requestTimeoutSeconds
          probe: {
            id: resourceId('Microsoft.Network/applicationGateways/probes', name, backend.name)
          }
        }
      }
    ]
    urlPathMaps: [
      {
        name: 'paths'
        properties: {
          defaultBackendAddressPool: {
            id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', name, 'web')
          }
          defaultBackendHttpSettings: {
            id: resourceId('Microsoft.Network/applicationGateways/backendHttpSettingsCollection', name, 'web')
          }
          pathRules: [
            {
              name: 'api'
              properties: {
                paths: [
                  '/api/*'
                  '/health'
                ]
                backendAddressPool: {
                  id: resourceId('Microsoft.Network/applicationGateways/backendAddressPools', name, 'api-gateway')
                }
                backendHttpSettings: {
                  id: resourceId(
                    'Microsoft.Network/applicationGateways/backendHttpSettingsCollection',
                    name,
                    'api-gateway'
                  )
                }
              }
            }
          ]
        }
      }
    ]
    requestRoutingRules: [
      {
        name: 'https'
        properties: {
          priority: 100
          ruleType: 'PathBasedRouting'
          httpListener: {
            id: resourceId('Microsoft.Network/applicationGateways/httpListeners', name, 'https')
          }
          urlPathMap: {
            id: resourceId('Microsoft.Network/applicationGateways/urlPathMaps', name, 'paths')
          }
        }
      }
      {
        name: 'http'
        properties: {
          priority: 200
          ruleType: 'Basic'
          httpListener: {
            id: resourceId('Microsoft.Network/applicationGateways/httpListeners', name, 'http')
          }
          redirectConfiguration: {
            id: resourceId('Microsoft.Network/applicationGateways/redirectConfigurations', name, 'to-https')
          }
        }
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: applicationGateway
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

@description('Public address, from which the gateway also calls the page.')
output ipAddress string = publicAddress.properties.ipAddress
