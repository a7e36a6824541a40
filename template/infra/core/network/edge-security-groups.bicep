// What may pass the two subnets of the edge: that of the application gateway, and that of the endpoint behind it.

@description('First part of the names of the network security groups.')
param namePrefix string

@description('Last part of the names of the network security groups.')
param resourceToken string

@description('Region of the network security groups.')
param location string

@description('Tags of the network security groups.')
param tags { *: string }

@description('Address range of the application gateway.')
param applicationGatewayAddressPrefix string

@description('Address range of the endpoint behind it.')
param edgeEndpointsAddressPrefix string

// The service refuses a subnet without the second and the third rule, or without a way out to the internet.
resource applicationGateway 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${namePrefix}application-gateway-${resourceToken}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'AllowUsersInbound'
        properties: {
          description: 'Users; port 80 only sends them to 443.'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: applicationGatewayAddressPrefix
          destinationPortRanges: [
            '80'
            '443'
          ]
        }
      }
      {
        name: 'AllowGatewayManagerInbound'
        properties: {
          description: 'Azure manages the instances through these ports; certificates protect them.'
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'GatewayManager'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '65200-65535'
        }
      }
      {
        name: 'AllowLoadBalancerInbound'
        properties: {
          description: 'Health probes of the load balancer of the gateway.'
          priority: 120
          direction: 'Inbound'
          access: 'Allow'
          protocol: '*'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'DenyAllInbound'
        properties: {
          description: 'Nothing else comes in.'
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource edgeEndpoints 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${namePrefix}edge-endpoints-${resourceToken}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'AllowApplicationGatewayInbound'
        properties: {
          description: 'The application gateway calls the API, and nobody else does.'
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: applicationGatewayAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: edgeEndpointsAddressPrefix
          destinationPortRange: '443'
        }
      }
      {
        name: 'DenyAllInbound'
        properties: {
          description: 'Nothing else comes in.'
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'DenyAllOutbound'
        properties: {
          description: 'An endpoint answers; it never calls.'
          priority: 4096
          direction: 'Outbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

@description('Resource id of the network security group of the application gateway.')
output applicationGatewayId string = applicationGateway.id

@description('Resource id of the network security group of the endpoint behind it.')
output edgeEndpointsId string = edgeEndpoints.id
